#include "weights/random_weights.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/parallel.h"
#include "support/catch.h"
#include "zimage/error.h"

namespace zimage {
namespace {

const std::map<std::string, std::vector<std::int64_t>> kShapes{
    {"a.weight", {512, 300}},       {"b.weight", {512, 300}}, {"conv.weight", {64, 32, 3, 3}},
    {"large.weight", {1024, 1025}}, {"norm1.weight", {7}},    {"odd.bias", {401}}};

at::Tensor weight(const RandomWeights& source, const std::string& name) {
  return source.stored(name).data.to(at::kDouble);
}

TEST_CASE("a matrix's numbers have the variance of one over its columns") {
  const RandomWeights source(kShapes, 1, "random weights");
  for (const auto& [name, in] : {std::pair{"a.weight", 300.0}, {"conv.weight", 288.0}, {"large.weight", 1025.0}}) {
    const at::Tensor numbers = weight(source, name);
    CHECK(std::abs(numbers.mean().item<double>()) < 0.02 / std::sqrt(in));
    CHECK(numbers.std().item<double>() == Approx(1.0 / std::sqrt(in)).epsilon(0.02));
    CHECK(numbers.abs().max().item<double>() <= 1.01 * std::sqrt(3.0 / in));
  }
}

TEST_CASE("norms are 1, other vectors small") {
  const RandomWeights source(kShapes, 1, "random weights");
  CHECK(at::equal(weight(source, "norm1.weight"), at::ones({7}, at::kDouble)));
  const at::Tensor bias = weight(source, "odd.bias");
  CHECK(bias.numel() == 401);
  CHECK(bias.abs().max().item<double>() < 0.1);
  CHECK(bias.abs().max().item<double>() > 0.05);
}

TEST_CASE("the numbers depend on seed and name, and not on the threads") {
  const RandomWeights source(kShapes, 1, "random weights");
  const RandomWeights other(kShapes, 2, "random weights");
  CHECK_FALSE(at::equal(weight(source, "a.weight"), weight(source, "b.weight")));
  CHECK_FALSE(at::equal(weight(source, "a.weight"), weight(other, "a.weight")));
  set_thread_count(1);
  const at::Tensor alone = weight(source, "large.weight");
  set_thread_count(3);
  CHECK(at::equal(weight(source, "large.weight"), alone));
}

TEST_CASE("random weights have names, shapes and sizes like a file's") {
  const RandomWeights source(kShapes, 1, "random weights");
  CHECK(source.names().size() == kShapes.size());
  CHECK(source.find("conv.weight")->bytes == 64 * 32 * 9 * 2);
  CHECK(source.stored("conv.weight").bytes() == 64 * 32 * 9 * 2);
  CHECK(source.find("c.weight") == nullptr);
  CHECK_THROWS_AS(source.stored("c.weight"), Error);
}

}  // namespace
}  // namespace zimage
