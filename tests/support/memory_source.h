// A source of weights that needs no file.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/model_lists.h"
#include "weights/open_weights.h"

namespace zimage::test {

/// Holds what is known about weights, and for some of them their bytes. Records what is released and
/// read ahead.
class MemorySource final : public WeightSource {
 public:
  MemorySource() = default;
  explicit MemorySource(const NamedShapes& list) {
    for (const auto& [name, shape] : list) add(name, shape);
  }
  void add(const std::string& name, const std::vector<std::int64_t>& shape, Encoding encoding = Encoding::kBF16) {
    const EncodingInfo& info = info_of(encoding);
    std::int64_t values = 1;
    for (const auto side : shape) values *= side;
    infos_[name] = {.shape = shape,
                    .encoding = encoding,
                    .bytes = static_cast<std::uint64_t>(values / info.block_values * info.block_bytes),
                    .file = "memory"};
  }
  void add(const std::string& name, StoredWeight weight) {
    add(name, weight.shape, weight.encoding);
    weights_[name] = std::move(weight);
  }

  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& item : infos_) names.push_back(item.first);
    return names;
  }
  const WeightInfo* find(const std::string& name) const override {
    const auto found = infos_.find(name);
    return found == infos_.end() ? nullptr : &found->second;
  }
  StoredWeight stored(const std::string& name) const override { return weights_.at(name); }
  void release(const std::string& name) const override { released.push_back(name); }
  void read_ahead(const std::string& name) const override { read.push_back(name); }
  std::string description() const override { return "memory"; }
  std::vector<std::filesystem::path> files() const override { return {}; }

  mutable std::vector<std::string> released;
  mutable std::vector<std::string> read;  ///< ahead

 private:
  std::map<std::string, WeightInfo> infos_;
  std::map<std::string, StoredWeight> weights_;
};

inline OpenedWeights opened(const NamedShapes& list) {
  return {.weights = std::make_shared<MemorySource>(list), .metadata = {}, .gguf = nullptr};
}

}  // namespace zimage::test
