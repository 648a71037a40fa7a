#include "weights/names/mapped_source.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "zimage/error.h"

namespace zimage {
namespace {

std::int64_t row_count(const std::vector<std::int64_t>& shape) { return shape.empty() ? 1 : shape.front(); }

/// Returns what is known about the weight, given what is known about the tensor that holds it.
WeightInfo info_of(const MappedWeight& weight, const WeightInfo& stored) {
  WeightInfo info = stored;
  const std::int64_t all_rows = row_count(stored.shape);
  if (weight.rows > 0) {
    info.shape.front() = weight.rows;
    info.bytes = stored.bytes / static_cast<std::uint64_t>(all_rows) * static_cast<std::uint64_t>(weight.rows);
  }
  if (weight.shape.empty()) return info;
  // The bytes of a weight that isn't dense come in rows, so its rows must stay what they are.
  const bool fits = count_values(weight.shape) == count_values(info.shape) &&
                    (is_dense(info.encoding) || row_count(weight.shape) == row_count(info.shape));
  if (!fits && info.problem.empty()) {
    info.problem = concat({"is stored as ", info_of(info.encoding).name, " in a shape that is not supported"});
  }
  info.shape = weight.shape;
  return info;
}

}  // namespace

MappedSource::MappedSource(std::shared_ptr<const WeightSource> file, const std::vector<MappedWeight>& weights)
    : file_(std::move(file)) {
  for (const MappedWeight& weight : weights) {
    const WeightInfo info = info_of(weight, *file_->find(weight.stored));
    const auto [place, is_new] = entries_.try_emplace(weight.name, Entry{weight, info});
    if (is_new) continue;
    std::string& problem = place->second.info.problem;
    if (!problem.starts_with("is stored twice")) {
      problem = concat({"is stored twice, as ", in_quotes(place->second.weight.stored)});
    }
    problem += concat({" and ", in_quotes(weight.stored)});
  }
}

std::vector<std::string> MappedSource::names() const {
  std::vector<std::string> names;
  names.reserve(entries_.size());
  for (const auto& item : entries_) names.push_back(item.first);
  return names;
}

const WeightInfo* MappedSource::find(const std::string& name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second.info;
}

StoredWeight MappedSource::stored(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    throw Error(ErrorCode::kModel, concat({description(), " has no tensor ", in_quotes(name)}));
  }
  const auto& [weight, info] = found->second;
  if (!info.problem.empty()) {
    throw Error(ErrorCode::kModel, concat({info.file, ": ", in_quotes(name), " ", info.problem}));
  }
  StoredWeight stored = file_->stored(weight.stored);
  if (weight.rows > 0) stored = stored.rows(weight.first_row, weight.rows);
  if (weight.shape.empty()) return stored;
  stored.shape = weight.shape;
  if (is_dense(stored.encoding)) stored.data = stored.data.reshape(weight.shape);
  return stored;
}

std::vector<ByteRange> MappedSource::ranges(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return {};
  const MappedWeight& weight = found->second.weight;
  std::vector<ByteRange> ranges = file_->ranges(weight.stored);
  const WeightInfo* stored = file_->find(weight.stored);
  if (ranges.empty() || weight.rows == 0 || stored == nullptr) return ranges;
  ByteRange& range = ranges.front();
  const auto row_bytes = range.size() / static_cast<std::size_t>(std::max<std::int64_t>(1, row_count(stored->shape)));
  range.begin += static_cast<std::size_t>(weight.first_row) * row_bytes;
  range.end = range.begin + static_cast<std::size_t>(weight.rows) * row_bytes;
  return ranges;
}

void MappedSource::release(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  const MappedWeight& weight = found->second.weight;
  const WeightInfo* stored = file_->find(weight.stored);
  if (weight.rows > 0 && stored != nullptr && weight.first_row + weight.rows < row_count(stored->shape)) return;
  file_->release(weight.stored);
}

void MappedSource::read_ahead(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found != entries_.end() && found->second.weight.first_row == 0) file_->read_ahead(found->second.weight.stored);
}

}  // namespace zimage
