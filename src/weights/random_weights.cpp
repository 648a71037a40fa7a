#include "weights/random_weights.h"

#include <ATen/ATen.h>

#include <bit>
#include <cmath>
#include <utility>

#include "base/fnv.h"
#include "base/parallel.h"
#include "base/text.h"
#include "zimage/error.h"

namespace zimage {
namespace {

constexpr double kVectorDeviation = 0.05;       // of biases and other vectors
constexpr std::int64_t kGrain = 1 << 18;        // pairs of values
constexpr std::uint32_t kSpread = 0x9E3779B9U;  // the golden ratio: neighbouring counters differ in many bits

std::uint64_t hash_of(const std::string& text, std::uint64_t seed) {
  const std::uint64_t hash = fnv1a({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, kFnvBasis ^ seed);
  return hash ^ (hash >> 32);
}

/// Mixes a counter's bits. Source of the constants: Chris Wellons, "Prospecting for Hash Functions", lowbias32.
inline std::uint32_t mix(std::uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7FEB352DU;
  x = (x ^ (x >> 15)) * 0x846CA68BU;
  return x ^ (x >> 16);
}

/// Returns the fp32 bits of a 16-bit integer times `scale`, rounded to the upper half, which is bf16.
inline std::uint32_t scaled_bits(std::int32_t value, float scale) {
  return std::bit_cast<std::uint32_t>(static_cast<float>(value) * scale) + 0x8000U;
}

/// Fills `pairs` with two bf16 numbers each, uniform in ±limit. A plain loop, so that the compiler vectorises it.
void fill_pairs(std::uint32_t* pairs, std::int64_t begin, std::int64_t end, std::uint32_t key, float limit) {
  const float scale = limit / 32768.0F;
  for (std::int64_t i = begin; i < end; ++i) {
    const std::uint32_t bits = mix((static_cast<std::uint32_t>(i) * kSpread) ^ key);
    const std::uint32_t low = scaled_bits(static_cast<std::int32_t>(bits << 16) >> 16, scale);
    const std::uint32_t high = scaled_bits(static_cast<std::int32_t>(bits) >> 16, scale);
    pairs[i] = (low >> 16) | (high & 0xFFFF0000U);
  }
}

bool is_norm(const std::string& name, const std::vector<std::int64_t>& shape) {
  return shape.size() == 1 && name.ends_with(".weight");
}

double deviation(const std::vector<std::int64_t>& shape) {
  if (shape.size() < 2 || shape.front() == 0) return kVectorDeviation;
  return 1.0 / std::sqrt(static_cast<double>(count_values(shape)) / static_cast<double>(shape.front()));
}

}  // namespace

RandomWeights::RandomWeights(const std::map<std::string, std::vector<std::int64_t>>& shapes, std::uint64_t seed,
                             std::string description)
    : seed_(seed), description_(std::move(description)) {
  for (const auto& [name, shape] : shapes) {
    infos_[name] = {.shape = shape,
                    .encoding = Encoding::kBF16,
                    .bytes = static_cast<std::uint64_t>(count_values(shape)) * 2,
                    .file = description_};
  }
}

std::vector<std::string> RandomWeights::names() const {
  std::vector<std::string> names;
  names.reserve(infos_.size());
  for (const auto& item : infos_) names.push_back(item.first);
  return names;
}

const WeightInfo* RandomWeights::find(const std::string& name) const {
  const auto found = infos_.find(name);
  return found == infos_.end() ? nullptr : &found->second;
}

StoredWeight RandomWeights::stored(const std::string& name) const {
  const WeightInfo* info = find(name);
  if (info == nullptr) throw Error(ErrorCode::kModel, concat({description_, " have no tensor ", in_quotes(name)}));
  const auto options = at::TensorOptions(at::kBFloat16);
  StoredWeight weight{.encoding = Encoding::kBF16, .shape = info->shape};
  if (is_norm(name, info->shape)) {
    weight.data = at::ones(info->shape, options);
    return weight;
  }
  // An even number of values is made; the last may be one too many.
  const std::int64_t values = count_values(info->shape);
  const std::int64_t pairs = (values + 1) / 2;
  at::Tensor made = at::empty({pairs * 2}, options);
  auto* const words = static_cast<std::uint32_t*>(made.mutable_data_ptr());
  const auto key = static_cast<std::uint32_t>(hash_of(name, seed_));
  // A uniform distribution in ±a has the variance a²/3.
  const auto limit = static_cast<float>(deviation(info->shape) * std::sqrt(3.0));
  parallel_for(0, pairs, kGrain,
               [&](std::int64_t begin, std::int64_t end) { fill_pairs(words, begin, end, key, limit); });
  weight.data = made.narrow(0, 0, values).view(info->shape);
  return weight;
}

}  // namespace zimage
