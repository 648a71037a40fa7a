#include "nn/weights_ahead.h"

#include <utility>

namespace zimage::nn {

WeightsAhead::WeightsAhead(const WeightSource& source, const std::vector<std::string>& names) {
  std::vector<std::vector<ByteRange>> ranges;
  for (const std::string& name : names) {
    const WeightInfo* info = source.find(name);
    if (info == nullptr || !items_.try_emplace(name, Item{ranges.size(), info->bytes}).second) continue;
    total_ += info->bytes;
    ranges.push_back(source.ranges(name));
  }
  reader_ = std::make_unique<ReadAhead>(std::move(ranges));
}

void WeightsAhead::wait(const std::string& name, const std::function<void()>& poll) {
  const auto found = items_.find(name);
  if (found != items_.end()) reader_->wait(found->second.number, poll);
}

void WeightsAhead::used(const std::string& name) {
  const auto found = items_.find(name);
  if (found == items_.end()) return;
  used_ += std::exchange(found->second.bytes, 0);
  reader_->used(found->second.number);
}

}  // namespace zimage::nn
