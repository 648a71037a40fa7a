#include "nn/checked_copy.h"

#include <ATen/ATen.h>

#include <limits>

#include "support/catch.h"

namespace zimage::nn {
namespace {

TEST_CASE("a checked copy has the values that ATen's conversion gives") {
  const auto from = GENERATE(at::kFloat, at::kHalf, at::kBFloat16);
  const auto to = GENERATE(at::kFloat, at::kHalf, at::kBFloat16);
  INFO(from << " to " << to);
  // Every bf16 and fp16 bit pattern that is a finite number, and fp32 numbers that end in ties and beside them.
  at::Tensor values;
  if (from == at::kFloat) {
    values = (at::arange(0, 1 << 22, at::kInt) * 1021).view(at::kFloat);
    const at::Tensor ties = (at::arange(-32768, 32768, at::kInt) * 65536 + 0x8000).view(at::kFloat);
    values = at::cat({values, ties, (ties.view(at::kInt) + 1).view(at::kFloat)});
  } else {
    values = at::arange(-32768, 32768, at::kInt).to(at::kShort).view(from);
  }
  values = values.index({values.isfinite()});
  if (to == at::kHalf) values = values.index({values.abs().to(at::kFloat) <= 65504.0});
  const CheckedCopy copy = copy_and_check(values, to);
  CHECK(copy.finite);
  CHECK(copy.data.scalar_type() == to);
  CHECK(at::equal(copy.data, values.to(to)));
  CHECK(copy.data.data_ptr() != values.data_ptr());
}

TEST_CASE("a checked copy finds a single bad value anywhere") {
  const auto from = GENERATE(at::kFloat, at::kHalf, at::kBFloat16);
  const auto to = GENERATE(at::kFloat, at::kBFloat16);
  for (const std::int64_t place : {0, 3 * 300'000 / 2, 3 * 300'000 - 1}) {
    for (const double bad : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
      at::Tensor values = at::ones({3, 300'000}, from);
      values.view(-1)[place] = bad;
      CHECK_FALSE(copy_and_check(values, to).finite);
    }
  }
  CHECK(copy_and_check(at::empty({0, 4}, from), to).finite);
}

}  // namespace
}  // namespace zimage::nn
