// Helpers of the portable kernels' tests: executors with a given number of lanes, and the sums that they must make.
#pragma once

#include <ATen/ATen.h>

#include <map>
#include <string>
#include <vector>

#include "nn/kernels/launch.h"
#include "support/catch.h"

namespace zimage::test {

/// Runs each launch on the CPU with so many lanes (0: as many as the width asks for), and counts the launches.
class CountingLanes : public nn::kernels::Executor {
 public:
  explicit CountingLanes(std::int64_t lanes = 0) : lanes_(lanes) {}
  void run(const nn::kernels::Launch& launch) override {
    ++launches[nn::kernels::info_of(launch.kernel).name];
    nn::kernels::run_on_cpu(launch, lanes_ > 0 ? lanes_ : nn::kernels::lanes_for(launch.kernel, launch.width));
  }
  std::map<std::string, int> launches;  ///< by the kernels' names

 private:
  std::int64_t lanes_;
};

constexpr at::ScalarType kElements[] = {at::kFloat, at::kBFloat16, at::kHalf};

inline at::Tensor random_numbers(at::IntArrayRef shape, at::ScalarType dtype, double scale = 1.0) {
  return (at::randn(shape) * scale).to(dtype);
}

/// Returns how many numbers have other bits; NaNs are equal to each other.
inline std::int64_t different_bits(const at::Tensor& a, const at::Tensor& b) {
  REQUIRE(a.sizes() == b.sizes());
  REQUIRE(a.scalar_type() == b.scalar_type());
  const at::ScalarType bits = a.element_size() == 4 ? at::kInt : at::kShort;
  const at::Tensor differ = a.contiguous().view(bits).ne(b.contiguous().view(bits));
  return differ.logical_and(a.isnan().logical_and(b.isnan()).logical_not()).sum().item<std::int64_t>();
}

/// How far a twin may be that adds up in another order: in fp32 all numbers, by this share of a number's size; in bf16
/// and fp16 so many of a thousand, by one unit in the last place of a number of this size.
struct Nearness {
  double share = 2e-6;
  std::int64_t of_thousand = 1;
};

/// Checks that a kernel's result is its twin's but for the order of the fp32 sums.
inline void check_near_twin(const at::Tensor& kernel, const at::Tensor& twin, const at::Tensor& size,
                            Nearness near = {}) {
  REQUIRE(kernel.sizes() == twin.sizes());
  REQUIRE(kernel.scalar_type() == twin.scalar_type());
  const bool half = kernel.scalar_type() == at::kHalf, single = kernel.scalar_type() == at::kFloat;
  const double unit = single ? near.share : half ? 0x1p-10 : 0x1p-7;
  const double least = half ? 0x1p-24 : 1e-37;
  const at::Tensor distance = (kernel.to(at::kFloat) - twin.to(at::kFloat)).abs();
  CHECK((distance <= size.to(at::kFloat).abs() * unit + least).all().item<bool>());
  const auto different = kernel.ne(twin).sum().item<std::int64_t>();
  if (!single) CHECK((different - 1) * 1000 <= kernel.numel() * near.of_thousand);  // one of a few numbers may
}

/// Returns the sum over the last dimension in the order that bodies.h promises: neighbours in packs, then each lane's
/// packs, then a butterfly over the lanes. fp32 [..., n] → [..., 1].
inline at::Tensor lane_sum(const at::Tensor& terms, std::int64_t lanes, std::int64_t pack) {
  at::Tensor packs = terms;
  if (pack > 1) {
    const std::vector<at::Tensor> parts = terms.unflatten(-1, {-1, pack}).unbind(-1);
    packs = parts[0];
    for (std::size_t k = 1; k < parts.size(); ++k) packs = packs + parts[k];
  }
  const std::int64_t turns = (packs.size(-1) + lanes - 1) / lanes;
  packs = at::constant_pad_nd(packs, {0, turns * lanes - packs.size(-1)}).unflatten(-1, {turns, lanes});
  at::Tensor sums = at::zeros_like(packs.select(-2, 0));
  for (std::int64_t turn = 0; turn < turns; ++turn) sums = sums + packs.select(-2, turn);
  for (std::int64_t offset = lanes / 2; offset > 0; offset /= 2) {
    sums = sums.narrow(-1, 0, offset) + sums.narrow(-1, offset, offset);
  }
  return sums;
}

/// Returns 1 / sqrt(mean + eps) of sums over so many numbers, one operation after the other.
inline at::Tensor inverse_root(const at::Tensor& sums, std::int64_t count, double eps) {
  return at::rsqrt(sums / at::full({}, static_cast<double>(count)) + eps);  // libtorch's sqrt isn't rounded correctly
}

}  // namespace zimage::test
