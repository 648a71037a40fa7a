#include "nn/weight_loader.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <utility>

namespace zimage::nn {
namespace {

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

void append_kind(std::string& line, const char* kind, const std::vector<std::string>& names, std::size_t limit) {
  if (names.empty()) return;
  if (!line.empty()) line += "; ";
  line += std::string(kind) + ": ";
  for (std::size_t i = 0; i < std::min(limit, names.size()); ++i) line += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > limit) line += " and " + std::to_string(names.size() - limit) + " more";
}

/// Returns whether all values are finite: only infinities and NaNs have all bits of their exponent set.
template <class Bits>
bool finite_bits(const Bits* values, std::int64_t count, Bits exponent) {
  std::atomic<bool> finite = true;
  at::parallel_for(0, count, 1 << 20, [&](std::int64_t begin, std::int64_t end) {
    constexpr std::int64_t kBlock = 1 << 14;
    for (std::int64_t start = begin; start < end && finite.load(std::memory_order_relaxed); start += kBlock) {
      Bits bad = 0;
      const std::int64_t stop = std::min(end, start + kBlock);
      for (std::int64_t i = start; i < stop; ++i) bad |= static_cast<Bits>((values[i] & exponent) == exponent);
      if (bad != 0) finite = false;
    }
  });
  return finite;
}

}  // namespace

bool all_finite(const at::Tensor& tensor) {
  const at::Tensor t = tensor.contiguous();
  switch (t.scalar_type()) {
    case at::kFloat:
      return finite_bits(static_cast<const std::uint32_t*>(t.const_data_ptr()), t.numel(), std::uint32_t{0x7F800000});
    case at::kHalf:
      return finite_bits(static_cast<const std::uint16_t*>(t.const_data_ptr()), t.numel(), std::uint16_t{0x7C00});
    case at::kBFloat16:
      return finite_bits(static_cast<const std::uint16_t*>(t.const_data_ptr()), t.numel(), std::uint16_t{0x7F80});
    default: return at::isfinite(t).all().item<bool>();
  }
}

std::string WeightProblems::summary(std::size_t limit) const {
  std::string line;
  append_kind(line, "missing", missing, limit);
  append_kind(line, "mis-shaped", mis_shaped, limit);
  append_kind(line, "unexpected", unexpected, limit);
  append_kind(line, "not finite", not_finite, limit);
  return line;
}

WeightLoader::WeightLoader(const WeightSource& source, Placement placement, Mode mode)
    : source_(source), placement_(placement), mode_(mode) {}

const WeightInfo* WeightLoader::expect(const std::string& name, const std::vector<std::int64_t>& shape) {
  asked_.insert(name);
  const WeightInfo* info = source_.find(name);
  if (info == nullptr) {
    problems_.missing.push_back(name);
    return nullptr;
  }
  if (info->shape != shape) {
    problems_.mis_shaped.push_back(name + " is " + shape_text(info->shape) + ", should be " + shape_text(shape));
    return nullptr;
  }
  std::int64_t count = 1;
  for (const auto n : shape) count *= n;
  parameters_ += count;
  return info;
}

at::Tensor WeightLoader::read(const std::string& name, const std::vector<std::int64_t>& shape, bool keep_view) {
  const WeightInfo* info = expect(name, shape);
  if (info == nullptr || mode_ == Mode::kCheck) {
    return at::empty(shape, at::TensorOptions(at::kMeta).dtype(placement_.dtype));
  }
  if (check_) check_();
  const at::Tensor stored = source_.tensor(name);
  if (!all_finite(stored)) problems_.not_finite.push_back(name);
  if (keep_view) {
    source_.release(name);  // it was read only to be checked; its pages come back when it is used
    return stored;
  }
  // Move it to the device first: a bf16 file has half the bytes to move, and the conversion is faster there.
  const at::Tensor placed = stored.to(placement_.device).to(placement_.dtype);
  const at::Tensor held = placement_.packed && placed.is_alias_of(stored) ? placed.clone() : placed;
  source_.release(name);
  return held;
}

at::Tensor WeightLoader::tensor(const std::string& name, const std::vector<std::int64_t>& shape) {
  return read(name, shape, false);
}

at::Tensor WeightLoader::table(const std::string& name, const std::vector<std::int64_t>& shape) {
  return read(name, shape, true);
}

Linear WeightLoader::make_linear(const std::string& prefix, std::int64_t in, std::int64_t out, bool bias, bool pack) {
  Linear layer;
  const bool packed = pack && placement_.packed && mode_ == Mode::kLoad;
  const at::Tensor weight = packed ? table(prefix + ".weight", {out, in}) : tensor(prefix + ".weight", {out, in});
  layer.weight = packed && !weight.is_meta() ? packed_weight(weight.to(at::kFloat)) : dense_weight(weight);
  if (packed) source_.release(prefix + ".weight");
  if (bias) layer.bias = tensor(prefix + ".bias", {out});
  return layer;
}

Linear WeightLoader::linear(const std::string& prefix, std::int64_t in, std::int64_t out, bool bias) {
  return make_linear(prefix, in, out, bias, true);
}

Linear WeightLoader::row_linear(const std::string& prefix, std::int64_t in, std::int64_t out, bool bias) {
  return make_linear(prefix, in, out, bias, false);
}

void WeightLoader::ignore_prefix(const std::string& prefix) { ignored_.push_back(prefix); }

WeightProblems WeightLoader::problems() const {
  WeightProblems all = problems_;
  for (const auto& name : source_.names()) {
    const bool ignored =
        std::any_of(ignored_.begin(), ignored_.end(), [&](const auto& prefix) { return name.starts_with(prefix); });
    if (!ignored && !asked_.contains(name)) all.unexpected.push_back(name);
  }
  return all;
}

}  // namespace zimage::nn
