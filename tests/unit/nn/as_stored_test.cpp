// Dense weights that are held as they are stored, and converted when they are multiplied.
#include <ATen/ATen.h>

#include <memory>

#include "nn/linear_policy.h"
#include "nn/quantised/quantised_weight.h"
#include "support/catch.h"

namespace zimage::nn {
namespace {

StoredWeight stored(const at::Tensor& tensor, Encoding encoding) {
  return {.encoding = encoding, .shape = tensor.sizes().vec(), .data = tensor};
}

TEST_CASE("a dense weight of another dtype multiplies as its converted copy does, and keeps no copy") {
  const auto [encoding, held, computed] =
      GENERATE(table<Encoding, at::ScalarType, at::ScalarType>({{Encoding::kBF16, at::kBFloat16, at::kFloat},
                                                                {Encoding::kF16, at::kHalf, at::kFloat},
                                                                {Encoding::kF32, at::kFloat, at::kBFloat16}}));
  // 8 MB a panel: these rows make two, the last one cut short.
  const std::int64_t columns = 3000, rows = computed == at::kFloat ? 900 : 1700;
  const StoredWeight weight = stored((at::randn({rows, columns}) * 0.02).to(held), encoding);
  Placement placement;
  placement.dtype = computed;
  placement.as_stored = true;
  placement.packed = true;  // as_stored wins
  const auto workspace = std::make_shared<Workspace>();
  const auto layer = make_linear_weight(weight, {}, placement, WeightUse::kBulk, workspace);
  CHECK(refers_to_stored(weight, {}, placement, WeightUse::kBulk));
  CHECK_FALSE(refers_to_stored(weight, {}, placement, WeightUse::kTensor));
  const at::Tensor x = at::randn({1, 5, columns}).to(computed), bias = at::randn({rows}).to(computed);
  const at::Tensor expected = at::linear(x, weight.data.to(computed), bias).to(at::kFloat);
  const double bound = computed == at::kFloat ? 1e-5 : 0.02;
  CHECK((layer->forward(x, bias).to(at::kFloat) - expected).abs().max().item<double>() <= bound);
  CHECK(workspace->bytes() <= static_cast<std::uint64_t>(panel_bytes(at::kCPU)));
  CHECK(workspace->bytes() > 0);
  weight.data.zero_();
  CHECK(at::equal(layer->forward(x, {}), at::zeros({1, 5, rows}, computed)));
}

TEST_CASE("a dense weight that fits is a view, as stored or not") {
  const StoredWeight weight = stored(at::randn({8, 8}), Encoding::kF32);
  Placement placement;
  placement.as_stored = true;
  placement.packed = true;
  const auto workspace = std::make_shared<Workspace>();
  const auto layer = make_linear_weight(weight, {}, placement, WeightUse::kBulk, workspace);
  CHECK(refers_to_stored(weight, {}, placement, WeightUse::kBulk));
  CHECK(make_tensor(weight, {}, placement).is_alias_of(weight.data));
  const at::Tensor x = at::randn({2, 8});
  CHECK(at::equal(layer->forward(x, {}), at::linear(x, weight.data)));
  CHECK(workspace->bytes() == 0);
}

TEST_CASE("a LoRA changes a weight that is held as stored without a copy of it") {
  const auto dtype = GENERATE(at::kFloat, at::kBFloat16);
  const StoredWeight weight =
      stored(at::randn({64, 48}).to(dtype), dtype == at::kFloat ? Encoding::kF32 : Encoding::kBF16);
  const at::Tensor before = weight.data.clone();
  const LowRank product{at::randn({64, 4}) * 0.1, at::randn({4, 48})};
  const at::Tensor difference = at::randn({64, 48}) * 0.1;
  const WeightChanges changes = {difference_change(difference, 1.0), low_rank_change(product)};
  Placement placement;
  placement.as_stored = true;
  const auto layer = make_linear_weight(weight, changes, placement, WeightUse::kBulk, std::make_shared<Workspace>());
  CHECK(refers_to_stored(weight, changes, placement, WeightUse::kBulk));
  const at::Tensor x = at::randn({3, 48});
  const at::Tensor whole = before.to(at::kFloat) + difference + at::matmul(product.up, product.down);
  CHECK(at::allclose(layer->forward(x, {}), at::linear(x, whole), 1e-4, 1e-4));
  CHECK(at::equal(weight.data, before));
}

TEST_CASE("a mapped weight is the same weight on other tensors") {
  const StoredWeight dense = stored(at::randn({8, 8}), Encoding::kF32);
  StoredWeight quantised{.encoding = Encoding::kInt8,
                         .shape = {8, 8},
                         .data = at::randint(-127, 127, {8, 8}).to(at::kChar).view(at::kByte),
                         .scale = at::rand({8}),
                         .column_scale = at::rand({8})};
  const WeightChanges changes = {low_rank_change({at::randn({8, 2}), at::randn({2, 8})})};
  const at::Tensor x = at::randn({2, 8});
  for (const auto& weight :
       {make_linear_weight(dense, {}, {}, WeightUse::kBulk, std::make_shared<Workspace>()),
        make_linear_weight(quantised, changes, {}, WeightUse::kBulk, std::make_shared<Workspace>())}) {
    const at::Tensor expected = weight->forward(x, {});
    int mapped = 0;
    const auto copy = weight->mapped([&](const at::Tensor& tensor) {
      ++mapped;
      return tensor.clone();
    });
    CHECK(mapped == (expected.equal(at::linear(x, dense.data)) ? 1 : 3));
    CHECK(at::equal(copy->forward(x, {}), expected));
  }
  CHECK_THROWS(packed_weight(at::randn({8, 8}))->mapped([](const at::Tensor& tensor) { return tensor; }));
}

}  // namespace
}  // namespace zimage::nn
