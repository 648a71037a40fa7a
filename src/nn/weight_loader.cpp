#include "nn/weight_loader.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "nn/finite.h"
#include "nn/linear_policy.h"

namespace zimage::nn {
namespace {

void append_kind(std::string& line, const char* kind, const std::vector<std::string>& names, std::size_t limit) {
  if (names.empty()) return;
  if (!line.empty()) line += "; ";
  line += std::string(kind) + ": ";
  for (std::size_t i = 0; i < std::min(limit, names.size()); ++i) line += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > limit) line += " and " + std::to_string(names.size() - limit) + " more";
}

}  // namespace

std::string WeightProblems::summary(std::size_t limit) const {
  std::string line;
  append_kind(line, "missing", missing, limit);
  append_kind(line, "unreadable", unreadable, limit);
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
  if (!info->problem.empty()) {
    problems_.unreadable.push_back(name + " " + info->problem);
    return nullptr;
  }
  if (info->shape != shape) {
    problems_.mis_shaped.push_back(name + " is " + shape_text(info->shape) + ", should be " + shape_text(shape));
    return nullptr;
  }
  parameters_ += count_values(shape);
  return info;
}

std::optional<StoredWeight> WeightLoader::read(const std::string& name, const std::vector<std::int64_t>& shape) {
  if (expect(name, shape) == nullptr || mode_ == Mode::kCheck) return std::nullopt;
  if (check_) check_();
  StoredWeight stored = source_.stored(name);
  if (!all_finite(stored)) {
    // A scale has no name here, so the source says what the file calls it.
    const WeightInfo& info = *source_.find(name);
    problems_.not_finite.push_back(block_scales_finite(stored) ? name : concat({name, "'s scale ", info.block_scale}));
  }
  return stored;
}

WeightChanges WeightLoader::changes_of(const std::string& name) const {
  return loras_ == nullptr ? WeightChanges() : loras_->changes(name, source_, placement_.device);
}

at::Tensor WeightLoader::placeholder(const std::vector<std::int64_t>& shape) const {
  return at::empty(shape, at::TensorOptions(at::kMeta).dtype(placement_.dtype));
}

at::Tensor WeightLoader::tensor(const std::string& name, const std::vector<std::int64_t>& shape) {
  const auto stored = read(name, shape);
  if (!stored) return placeholder(shape);
  const WeightChanges changes = changes_of(name);
  at::Tensor placed = make_tensor(*stored, changes, placement_);
  if (!refers_to_stored(*stored, changes, placement_, false)) source_.release(name);
  return placed;
}

Table WeightLoader::table(const std::string& name, std::int64_t rows, std::int64_t columns) {
  auto stored = read(name, {rows, columns});
  if (!stored) return {};
  source_.release(name);  // it was read only to be checked; the few rows that are used come back
  return Table(std::move(*stored));
}

Linear WeightLoader::make_linear(const std::string& prefix, std::int64_t in, std::int64_t out, bool bias,
                                 bool one_row) {
  Linear layer;
  const std::string name = prefix + ".weight";
  if (const auto stored = read(name, {out, in})) {
    const WeightChanges changes = changes_of(name);
    layer.weight = make_linear_weight(*stored, changes, placement_, one_row, workspace_);
    if (!refers_to_stored(*stored, changes, placement_, true)) source_.release(name);
  } else {
    layer.weight = dense_weight(placeholder({out, in}));
  }
  if (bias) layer.bias = tensor(prefix + ".bias", {out});
  return layer;
}

Linear WeightLoader::linear(const std::string& prefix, std::int64_t in, std::int64_t out, bool bias) {
  return make_linear(prefix, in, out, bias, /*one_row=*/false);
}

Linear WeightLoader::row_linear(const std::string& prefix, std::int64_t in, std::int64_t out, bool bias) {
  return make_linear(prefix, in, out, bias, /*one_row=*/true);
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
