// The portable quantiser of fp8 against its twin, bit for bit.
#include <ATen/ATen.h>

#include <limits>

#include "nn/fp8/fp8_product.h"
#include "nn/kernels/kernel_ops.h"
#include "nn/quantised/scaled_kernels.h"
#include "support/catch.h"
#include "support/kernel_checks.h"

namespace zimage::nn {
namespace {

using test::CountingLanes;
using test::different_bits;

/// Returns how many codes of rows differ from what is expected.
std::int64_t different_codes(const at::Tensor& a, const at::Tensor& b) {
  return a.view(at::kByte).ne(b.view(at::kByte)).sum().item<std::int64_t>();
}

/// Returns rows with ordinary and with extreme numbers.
at::Tensor hard_rows(std::int64_t columns) {
  at::Tensor x = at::randn({9, columns});
  x[1].zero_();
  x[2].mul_(1e30);
  x[3].mul_(1e-33);
  x[4][columns / 2] = 1000.0;  // most of the others become subnormals
  x[5].fill_(-2.5);
  x[6][columns - 1] = std::numeric_limits<float>::quiet_NaN();
  x[7][columns / 2] = -std::numeric_limits<float>::infinity();
  return x;
}

TEST_CASE("portable quantiser of fp8 writes its twin's bits", "[kernels]") {
  at::manual_seed(41);
  const auto columns = GENERATE(1, 3, 31, 33, 100, 128, 130, 2560, 3840);
  const auto lanes = GENERATE(1, 32, 64, 128, 256, 512, 1024);
  CountingLanes executor(lanes);
  for (const auto dtype : test::kElements) {
    INFO(columns << " columns of " << dtype << ", " << lanes << " lanes");
    const at::Tensor x = hard_rows(columns).to(dtype);
    const auto [codes, scales] = kernels::quantise_fp8(executor, x);
    const Fp8Rows expected = twin::quantise_fp8(x);
    CHECK(different_codes(codes, expected.codes) == 0);
    CHECK(different_bits(scales, expected.scales) == 0);
    CHECK(scales[1].item<float>() == 0.0F);
    CHECK(scales[6].isnan().item<bool>());
    CHECK(scales[7].isinf().item<bool>());
    for (const int row : {1, 6, 7}) CHECK(codes[row].view(at::kByte).eq(0).all().item<bool>());
    // The largest magnitude becomes 448 of either sign, whatever its size.
    for (const int row : {0, 4, 5}) CHECK(codes[row].to(at::kFloat).abs().max().item<float>() == 448.0F);
    CHECK((dtype == at::kHalf || codes[2].to(at::kFloat).abs().max().item<float>() == 448.0F));
  }
  CHECK(executor.launches.at("quantise_fp8") == 3);
}

TEST_CASE("portable quantiser of fp8 keeps each of its numbers, and ties go to even", "[kernels]") {
  const at::Tensor numbers = at::empty({127}), between = at::empty({127});
  for (int code = 0; code < 127; ++code) numbers[code] = cpu::kE4M3[static_cast<std::size_t>(code)];
  between.narrow(0, 0, 126).copy_((numbers.narrow(0, 0, 126) + numbers.narrow(0, 1, 126)) / 2.0);
  between[126] = 448.0;  // so that the scale is 1
  const at::Tensor codes = at::arange(127, at::kByte);
  const at::Tensor even = (codes + codes.bitwise_and(1));
  for (const double sign : {1.0, -1.0}) {
    const at::Tensor x = at::stack({numbers, between}) * sign;
    const auto [made, scales] = kernels::quantise_fp8(kernels::cpu_executor(), x);
    CHECK(scales.eq(1.0).all().item<bool>());
    const at::Tensor bits = made.view(at::kByte).bitwise_and(0x7F);
    CHECK(bits[0].equal(codes));
    CHECK(bits[1].narrow(0, 0, 126).equal(even.narrow(0, 0, 126)));
    CHECK(made.view(at::kByte)[0].narrow(0, 1, 126).ge(128).all().item<bool>() == (sign < 0.0));
  }
}

TEST_CASE("portable quantiser of fp8 rounds numbers of every size as libtorch does", "[kernels]") {
  at::manual_seed(42);
  at::Tensor x = at::randint(0, std::int64_t{0x43E00000}, {16, 4096}, at::kInt).view(at::kFloat);  // below 448
  x.select(1, 7).fill_(448.0);
  const auto [codes, scales] = kernels::quantise_fp8(kernels::cpu_executor(), x);
  CHECK(scales.eq(1.0).all().item<bool>());
  CHECK(different_codes(codes, x.to(at::kFloat8_e4m3fn)) == 0);
}

TEST_CASE("portable quantiser of fp8 takes rows that lie apart, also off the packs' addresses", "[kernels]") {
  at::manual_seed(43);
  const auto columns = GENERATE(3, 64, 130);
  const auto offset = GENERATE(0, 1, 4);
  const auto more = GENERATE(8, 9);
  for (const auto dtype : test::kElements) {
    const at::Tensor x = at::randn({4, columns + more}).to(dtype).narrow(1, offset, columns);
    const auto [codes, scales] = kernels::quantise_fp8(kernels::cpu_executor(), x);
    const Fp8Rows expected = twin::quantise_fp8(x);
    CHECK(different_codes(codes, expected.codes) == 0);
    CHECK(different_bits(scales, expected.scales) == 0);
  }
}

}  // namespace
}  // namespace zimage::nn
