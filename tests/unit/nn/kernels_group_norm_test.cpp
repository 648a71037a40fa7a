// The portable kernels' GroupNorm of channels-last maps against ATen.
#include <ATen/ATen.h>

#include "nn/kernels/kernel_ops.h"
#include "support/catch.h"
#include "support/kernel_checks.h"

namespace zimage::nn {
namespace {

using test::check_near_twin;
using test::CountingLanes;
using test::different_bits;
using test::random_numbers;

constexpr double kEps = 1e-6;
constexpr std::int64_t kPartCells = 64;

struct Map {
  std::int64_t images, channels, groups, height, width;
};

/// Returns scale and shift of each channel, fp32 [N, 2, C], to the bit.
at::Tensor exact_affine(const at::Tensor& x, const Map& m, const at::Tensor& weight, const at::Tensor& bias,
                        std::int64_t lanes) {
  const at::Tensor cells = x.permute({0, 2, 3, 1}).reshape({m.images, -1, m.channels}).to(at::kFloat);
  const std::int64_t all = cells.size(1), width = m.channels / m.groups;
  std::vector<at::Tensor> means, squares, counts;
  for (std::int64_t begin = 0; begin < all; begin += kPartCells) {
    const std::int64_t count = std::min(kPartCells, all - begin);
    const at::Tensor number = at::full({}, static_cast<double>(count));
    at::Tensor sum = at::zeros({m.images, m.channels}), square = at::zeros({m.images, m.channels});
    for (std::int64_t i = begin; i < begin + count; ++i) sum = sum + cells.select(1, i);
    const at::Tensor mean = sum / number;
    for (std::int64_t i = begin; i < begin + count; ++i) {
      const at::Tensor distance = cells.select(1, i) - mean;
      square = square + distance * distance;
    }
    means.push_back(mean);
    squares.push_back(square);
    counts.push_back(number.expand({m.images, m.channels}));
  }
  // [N, parts, C] → [N, groups, parts · width]
  const auto grouped = [&](const std::vector<at::Tensor>& parts) {
    return at::stack(parts, 1).unflatten(-1, {m.groups, width}).permute({0, 2, 1, 3}).flatten(2);
  };
  const at::Tensor mean_of = grouped(means), count_of = grouped(counts);
  const at::Tensor numbers = at::full({}, static_cast<double>(all)) * at::full({}, static_cast<double>(width));
  const at::Tensor mean = test::lane_sum(count_of * mean_of, lanes, 1) / numbers;
  const at::Tensor distance = mean_of - mean;
  const at::Tensor sum = test::lane_sum(grouped(squares) + count_of * (distance * distance), lanes, 1);
  const at::Tensor r = at::rsqrt(sum / numbers + kEps);
  const auto by_group = [&](const at::Tensor& t) { return t.to(at::kFloat).view({1, m.groups, width}); };
  const at::Tensor scale = by_group(weight) * r;
  const at::Tensor shift = by_group(bias) - mean * scale;
  return at::stack({scale.flatten(1), shift.flatten(1)}, 1);
}

/// Returns the norm that was computed in fp64, as fp32.
at::Tensor exact_group_norm(const at::Tensor& x, const Map& m, const at::Tensor& weight, const at::Tensor& bias) {
  const auto wide = [](const at::Tensor& t) { return t.to(at::kDouble).contiguous(); };
  return at::group_norm(wide(x), m.groups, wide(weight), wide(bias), kEps).to(at::kFloat);
}

TEST_CASE("portable group_norm is exact but for the order of its sums", "[kernels]") {
  at::manual_seed(21);
  const auto m = GENERATE(Map{1, 128, 32, 9, 15}, Map{2, 256, 32, 8, 8}, Map{1, 512, 32, 5, 7}, Map{2, 6, 2, 3, 1},
                          Map{1, 33, 3, 11, 13}, Map{1, 100, 25, 1, 1}, Map{1, 4, 1, 20, 65});
  const auto lanes = GENERATE(1, 32, 128, 1024);
  CountingLanes executor(lanes);
  for (const auto dtype : test::kElements) {
    INFO(m.channels << " channels of " << dtype << ", " << m.height << " × " << m.width << ", " << lanes << " lanes");
    const at::Tensor x = (random_numbers({m.images, m.channels, m.height, m.width}, dtype, 2.0) + 0.75)
                             .contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor weight = random_numbers({m.channels}, dtype), bias = random_numbers({m.channels}, dtype);
    const at::Tensor normed = kernels::group_norm(executor, x, m.groups, weight, bias, kEps, false);
    CHECK(normed.is_contiguous(at::MemoryFormat::ChannelsLast));
    const at::Tensor affine = exact_affine(x, m, weight, bias, lanes);
    const auto channel = [&](std::int64_t i) { return affine.select(1, i).view({m.images, m.channels, 1, 1}); };
    const at::Tensor scaled = x.to(at::kFloat) * channel(0);
    CHECK(different_bits(normed, (scaled + channel(1)).to(dtype)) == 0);
    const at::Tensor twin = at::group_norm(x, m.groups, weight, bias, kEps);
    // What is added up: x · scale, the bias, and the mean · scale.
    const at::Tensor b = bias.to(at::kFloat).view({1, m.channels, 1, 1});
    const at::Tensor size = scaled.abs() + b.abs() + (b - channel(1)).abs();
    check_near_twin(normed, twin, size, {.share = 1e-6, .of_thousand = 3});
    if (dtype == at::kFloat) check_near_twin(normed, exact_group_norm(x, m, weight, bias), size, {.share = 5e-7});

    const at::Tensor out = kernels::group_norm(executor, x, m.groups, weight, bias, kEps, true);
    const at::Tensor silu = kernels::swiglu(executor, normed.contiguous(), at::ones_like(normed.contiguous()));
    CHECK(different_bits(out, silu) == 0);
  }
}

TEST_CASE("the sums of strips, and what they do to a strip, are exact but for their order", "[kernels]") {
  at::manual_seed(23);
  const auto [cells, channels] =
      GENERATE(table<std::int64_t, std::int64_t>({{1, 4}, {63, 32}, {64, 8}, {65, 33}, {300, 128}}));
  const auto lanes = GENERATE(1, 32, 128);
  CountingLanes executor(lanes);
  for (const auto dtype : test::kElements) {
    INFO(cells << " cells of " << channels << " channels of " << dtype << ", " << lanes << " lanes");
    const at::Tensor x = random_numbers({cells, channels}, dtype, 2.0) + 0.75;
    const at::Tensor wide = x.to(at::kDouble);
    const at::Tensor sums = kernels::channel_sums(executor, x);
    const at::Tensor exact = at::stack({wide.sum(0), wide.square().sum(0)});
    REQUIRE(sums.scalar_type() == at::kDouble);
    // A mean over 64 cells is rounded to fp32.
    const at::Tensor size = at::stack({wide.abs().sum(0), wide.square().sum(0)});
    CHECK(((sums - exact).abs() <= size * 1e-6).all().item<bool>());

    const at::Tensor affine = at::randn({2, channels});
    at::Tensor out = at::empty_like(x);
    kernels::channel_norm(executor, out, x, affine, false);
    const at::Tensor scaled = x.to(at::kFloat) * affine[0] + affine[1];
    CHECK(different_bits(out, scaled.to(dtype)) == 0);
    kernels::channel_norm(executor, out, x, affine, true);
    check_near_twin(out, at::silu(scaled).to(dtype), scaled.abs(), {.share = 1e-6, .of_thousand = 3});
  }
}

TEST_CASE("portable group_norm keeps a small variance about a large mean", "[kernels]") {
  at::manual_seed(22);
  const at::Tensor x = (at::randn({1, 32, 40, 40}) * 0.25 + 1000.0).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor weight = at::ones({32}), bias = at::zeros({32});
  const at::Tensor made = kernels::group_norm(kernels::cpu_executor(), x, 8, weight, bias, kEps, false);
  const at::Tensor exact = at::group_norm(x.to(at::kDouble), 8, weight.to(at::kDouble), bias.to(at::kDouble), kEps);
  CHECK((made.to(at::kDouble) - exact).abs().max().item<double>() < 2e-3);  // a shift of 4000 has steps of 2.4e-4
}

TEST_CASE("portable group_norm of one number per group is its bias", "[kernels]") {
  const at::Tensor x = at::randn({1, 8, 1, 1}).contiguous(at::MemoryFormat::ChannelsLast), bias = at::randn({8});
  const at::Tensor made = kernels::group_norm(kernels::cpu_executor(), x, 8, at::ones({8}), bias, kEps, false);
  CHECK(at::allclose(made.flatten(), bias, 0, 1e-3));
}

}  // namespace
}  // namespace zimage::nn
