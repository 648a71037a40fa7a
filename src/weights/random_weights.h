// Weights that need no file: random numbers, made when they are asked for.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "weights/weight_source.h"

namespace zimage {

/// Serves bf16 numbers of a seed. A matrix of `in` columns, or a kernel of `in` values, has uniform values of variance
/// 1/in, so that a layer's output is about as large as its input; a norm's weights are 1; other vectors are small. The
/// numbers depend on the seed and on the weight's name and shape alone, not on the threads that make them.
class RandomWeights final : public WeightSource {
 public:
  /// `description` is what messages call the source.
  RandomWeights(const std::map<std::string, std::vector<std::int64_t>>& shapes, std::uint64_t seed,
                std::string description);

  std::vector<std::string> names() const override;
  const WeightInfo* find(const std::string& name) const override;
  /// Makes the weight anew at each call.
  StoredWeight stored(const std::string& name) const override;
  void release(const std::string&) const override {}
  std::string description() const override { return description_; }
  std::vector<std::filesystem::path> files() const override { return {}; }

 private:
  std::map<std::string, WeightInfo> infos_;
  std::uint64_t seed_;
  std::string description_;
};

}  // namespace zimage
