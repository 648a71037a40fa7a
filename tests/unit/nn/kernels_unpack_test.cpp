// The portable unpackers against the CPU's own and the twins, bit for bit.
#include <ATen/ATen.h>

#include "nn/kernels/kernel_ops.h"
#include "nn/quantised/dequantise.h"
#include "support/catch.h"
#include "support/kernel_checks.h"

namespace zimage::nn {
namespace {

using test::CountingLanes;
using test::different_bits;

at::Tensor random_bytes(at::IntArrayRef shape) { return at::randint(0, 256, shape, at::kByte); }

/// Returns a weight of random bytes, with `more` bytes between its rows that don't belong to it.
StoredWeight random_weight(Encoding encoding, std::int64_t rows, std::int64_t columns, std::int64_t more = 0,
                           std::int64_t offset = 0) {
  const EncodingInfo& info = info_of(encoding);
  StoredWeight weight;
  weight.encoding = encoding;
  weight.shape = {rows, columns};
  const std::int64_t bytes = columns / info.block_values * info.block_bytes;
  weight.data = random_bytes({rows, bytes + more + offset}).narrow(1, offset, bytes);
  return weight;
}

void check_unpacked(const StoredWeight& weight, std::int64_t lanes) {
  kernels::KernelId kernel{};
  REQUIRE(kernels::unpacks(weight, &kernel));
  const at::Tensor twin = twin::dequantise(weight);
  for (const auto dtype : test::kElements) {
    INFO(kernels::info_of(kernel).name << " to " << dtype << ", " << weight.columns() << " columns, " << lanes
                                       << " lanes");
    CountingLanes executor(lanes);
    at::Tensor out = at::empty({weight.row_count(), weight.columns()}, dtype);
    kernels::unpack(executor, weight, out);
    CHECK(executor.launches.at(kernels::info_of(kernel).name) == 1);
    CHECK(different_bits(out, dequantise(weight, dtype)) == 0);
    CHECK(different_bits(out, twin.to(dtype)) == 0);
  }
}

TEST_CASE("portable unpackers of GGUF's blocks write their twins' bits", "[kernels]") {
  at::manual_seed(31);
  const auto lanes = GENERATE(1, 32, 64, 128, 256, 512, 1024);
  int kinds = 0;
  for (int i = 0; i <= static_cast<int>(Encoding::kIQ4_XS); ++i) {
    const auto encoding = static_cast<Encoding>(i);
    if (!is_gguf_block(encoding)) continue;
    ++kinds;
    for (const std::int64_t blocks : {1, 3, 10}) {
      check_unpacked(random_weight(encoding, 3, blocks * info_of(encoding).block_values), lanes);
    }
    check_unpacked(random_weight(encoding, 2, 3840), lanes);
    check_unpacked(random_weight(encoding, 3, 2 * info_of(encoding).block_values, 5, 1), lanes);
  }
  CHECK(kinds == 12);
}

TEST_CASE("portable unpackers of GGUF's blocks write rows at any address", "[kernels]") {
  const StoredWeight weight = random_weight(Encoding::kQ4_K, 3, 256);
  at::Tensor buffer = at::zeros({3 * 256 + 1}, at::kBFloat16);
  at::Tensor out = buffer.narrow(0, 1, 3 * 256).view({3, 256});
  kernels::unpack(kernels::cpu_executor(), weight, out);
  CHECK(different_bits(out, dequantise(weight, at::kBFloat16)) == 0);
}

TEST_CASE("portable unpackers of fp8 and int8 write their twins' bits", "[kernels]") {
  at::manual_seed(32);
  const auto encoding = GENERATE(Encoding::kF8E4M3, Encoding::kF8E5M2, Encoding::kInt8);
  const auto columns = GENERATE(1, 3, 31, 33, 100, 256, 3840);
  const auto lanes = GENERATE(1, 32, 256, 1024);
  const auto offset = GENERATE(0, 1);
  StoredWeight weight = random_weight(encoding, 5, columns, 3, offset);
  check_unpacked(weight, lanes);
  weight.scale = at::tensor(0.37F).squeeze();
  check_unpacked(weight, lanes);
  weight.scale = at::randn({5}).pow(5);
  check_unpacked(weight, lanes);
  weight.column_scale = at::randn({columns});
  check_unpacked(weight, lanes);
}

TEST_CASE("portable unpackers know every code of fp8", "[kernels]") {
  for (const Encoding encoding : {Encoding::kF8E4M3, Encoding::kF8E5M2}) {
    StoredWeight weight = random_weight(encoding, 1, 256);
    weight.data = at::arange(0, 256, at::kInt).to(at::kByte).unsqueeze(0);
    check_unpacked(weight, 32);
  }
}

TEST_CASE("portable unpacker of int8 turns rotated columns back", "[kernels]") {
  at::manual_seed(33);
  const auto rotation = GENERATE(4, 16, 64, 256, 1024, 4096);
  const auto offset = GENERATE(0, 1);
  const std::int64_t columns = rotation < kernels::kMostRotated ? 3 * rotation : rotation;
  StoredWeight weight = random_weight(Encoding::kInt8, 2, columns, 0, offset);
  weight.rotation = rotation;
  check_unpacked(weight, 32);
  weight.scale = at::randn({2});
  check_unpacked(weight, 128);
  weight.column_scale = at::randn({columns});
  check_unpacked(weight, 1024);
}

TEST_CASE("a weight without a portable unpacker says so", "[kernels]") {
  StoredWeight weight;
  weight.encoding = Encoding::kNVFP4;
  CHECK_FALSE(kernels::unpacks(weight));
  weight.encoding = Encoding::kBF16;
  CHECK_FALSE(kernels::unpacks(weight));
  weight.encoding = Encoding::kInt8;
  CHECK(kernels::unpacks(weight));
  weight.rotation = 4 * kernels::kMostRotated;
  CHECK_FALSE(kernels::unpacks(weight));
}

}  // namespace
}  // namespace zimage::nn
