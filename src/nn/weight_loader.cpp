#include "nn/weight_loader.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "nn/card_mode.h"
#include "nn/checked_copy.h"
#include "nn/finite.h"

namespace zimage::nn {
namespace {

void append_kind(std::string& line, const char* kind, const std::vector<std::string>& names, std::size_t limit) {
  if (names.empty()) return;
  if (!line.empty()) line += "; ";
  line += std::string(kind) + ": ";
  for (std::size_t i = 0; i < std::min(limit, names.size()); ++i) line += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > limit) line += " and " + std::to_string(names.size() - limit) + " more";
}

/// A part of a fused matrix has the scales of all blocks of the whole, in tiles of 128 rows; it keeps those of its own.
void keep_own_block_scales(StoredWeight& weight) {
  constexpr std::int64_t kTile = 128;
  const std::int64_t first = weight.block_scale_row / kTile * kTile;
  const std::int64_t end =
      std::min((weight.block_scale_row + weight.row_count() + kTile - 1) / kTile * kTile, weight.block_scale.size(0));
  weight.block_scale_row -= first;
  weight.block_scale = weight.block_scale.narrow(0, first, end - first);
}

/// Returns what to call a weight that isn't finite, which the source calls `info`. A scale has no name here, so the
/// source says what the file calls it.
std::string name_of_bad(const std::string& name, const StoredWeight& stored, const WeightInfo& info) {
  return block_scales_finite(stored) ? name : concat({name, "'s scale ", info.block_scale});
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
    : source_(source), placement_(placement), mode_(mode), check_after_moving_(!placement.device.is_cpu()) {}

const WeightInfo* WeightLoader::expect(const std::string& name, const std::vector<std::int64_t>& shape) {
  asked_.emplace(name, shape);
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
  order_.push_back(name);
  return info;
}

void WeightLoader::read_ahead(const std::vector<std::string>& names) {
  ahead_ = std::make_unique<WeightsAhead>(source_, names);
  report();
}

void WeightLoader::report() const {
  if (report_ && ahead_ != nullptr) report_(ahead_->bytes_used(), ahead_->bytes());
}

std::optional<StoredWeight> WeightLoader::read(const std::string& name, const std::vector<std::int64_t>& shape) {
  if (expect(name, shape) == nullptr || mode_ == Mode::kCheck) return std::nullopt;
  if (check_) check_();
  if (ahead_ != nullptr) ahead_->wait(name, check_);
  return source_.stored(name);
}

void WeightLoader::check_now(const std::string& name, const StoredWeight& stored) {
  if (!all_finite(stored)) problems_.not_finite.push_back(name_of_bad(name, stored, *source_.find(name)));
}

void WeightLoader::check(const std::string& name, StoredWeight& stored, const WeightChanges& changes, WeightUse use) {
  if (check_after_moving_) {
    // The host only copies the bytes: they are checked, converted and changed on the device.
    move(stored);
    flag_.add(stored);
    flagged_.push_back(name);
    return;
  }
  if (!is_copied_first(stored, changes, placement_, use)) return check_now(name, stored);
  CheckedCopy copy = copy_and_check(stored.data.contiguous(), placement_.dtype);
  if (!copy.finite) problems_.not_finite.push_back(name);
  stored.data = std::move(copy.data);
  stored.encoding = dense_encoding(placement_.dtype);
}

void WeightLoader::move(StoredWeight& stored) {
  if (uploader_ == nullptr && placement_.device.is_cpu()) return;
  if (uploader_ == nullptr) uploader_ = std::make_unique<Uploader>(upload_device(placement_.device));
  if (stored.block_scale.defined()) keep_own_block_scales(stored);
  // A small scale goes the same way: a copy of its own would wait for all that is still being copied.
  for (at::Tensor* part : {&stored.data, &stored.scale, &stored.block_scale, &stored.column_scale}) {
    if (part->defined()) *part = uploader_->upload(part->contiguous());
  }
}

void WeightLoader::used(const std::string& name, bool kept) {
  if (!kept) source_.release(name);
  if (ahead_ == nullptr) return;
  ahead_->used(name);
  report();
}

WeightChanges WeightLoader::changes_of(const std::string& name) const {
  return loras_ == nullptr ? WeightChanges() : loras_->changes(name, source_, placement_.device);
}

Placement WeightLoader::unpacked() const {
  Placement placement = placement_;
  placement.packed = false;
  return placement;
}

at::Tensor WeightLoader::placeholder(const std::vector<std::int64_t>& shape) const {
  return at::empty(shape, at::TensorOptions(at::kMeta).dtype(placement_.dtype));
}

at::Tensor WeightLoader::tensor(const std::string& name, const std::vector<std::int64_t>& shape) {
  auto stored = read(name, shape);
  if (!stored) return placeholder(shape);
  const WeightChanges changes = changes_of(name);
  const bool kept = refers_to_stored(*stored, changes, placement_, WeightUse::kTensor);
  check(name, *stored, changes, WeightUse::kTensor);
  at::Tensor placed = make_tensor(*stored, changes, unpacked());
  used(name, kept);
  return placed;
}

Table WeightLoader::table(const std::string& name, std::int64_t rows, std::int64_t columns) {
  auto stored = read(name, {rows, columns});
  if (!stored) return {};
  check_now(name, *stored);
  used(name, /*kept=*/false);  // it was read only to be checked; the few rows that are used come back
  return Table(std::move(*stored));
}

Linear WeightLoader::make_linear(const std::string& prefix, std::int64_t in, std::int64_t out, bool bias,
                                 WeightUse use) {
  Linear layer;
  const std::string name = prefix + ".weight";
  if (auto stored = read(name, {out, in})) {
    const WeightChanges changes = changes_of(name);
    const bool kept = refers_to_stored(*stored, changes, placement_, use);
    check(name, *stored, changes, use);
    layer.weight =
        make_linear_weight(*stored, changes, use == WeightUse::kOneRow ? unpacked() : placement_, use, workspace_);
    used(name, kept);
  } else {
    layer.weight = dense_weight(placeholder({out, in}));
  }
  if (bias) layer.bias = tensor(prefix + ".bias", {out});
  return layer;
}

Linear WeightLoader::linear(const std::string& prefix, std::int64_t in, std::int64_t out, bool bias) {
  return make_linear(prefix, in, out, bias, WeightUse::kPrecise);
}

Linear WeightLoader::bulk_linear(const std::string& prefix, std::int64_t in, std::int64_t out, bool bias) {
  return make_linear(prefix, in, out, bias, WeightUse::kBulk);
}

LinearGroup WeightLoader::bulk_linear_group(const std::vector<std::string>& prefixes, std::int64_t in,
                                            const std::vector<std::int64_t>& widths) {
  std::vector<Linear> layers;
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    layers.push_back(make_linear(prefixes[i], in, widths[i], /*bias=*/false, WeightUse::kBulk));
  }
  // What is streamed from its mapped file has to stay there.
  return {std::move(layers), widths, in_card_mode(placement_.device) && !placement_.as_stored};
}

Linear WeightLoader::row_linear(const std::string& prefix, std::int64_t in, std::int64_t out, bool bias) {
  return make_linear(prefix, in, out, bias, WeightUse::kOneRow);
}

void WeightLoader::ignore_prefix(const std::string& prefix) { ignored_.push_back(prefix); }

WeightProblems WeightLoader::problems() const {
  WeightProblems all = problems_;
  if (!flag_.finite()) {
    // The device only knows that something is wrong, so the file's bytes are looked at once more.
    for (const std::string& name : flagged_) {
      const StoredWeight stored = source_.stored(name);
      if (!all_finite(stored)) all.not_finite.push_back(name_of_bad(name, stored, *source_.find(name)));
      source_.release(name);
    }
  }
  for (const auto& name : source_.names()) {
    const bool ignored =
        std::any_of(ignored_.begin(), ignored_.end(), [&](const auto& prefix) { return name.starts_with(prefix); });
    if (!ignored && !asked_.contains(name)) all.unexpected.push_back(name);
  }
  return all;
}

}  // namespace zimage::nn
