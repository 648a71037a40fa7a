// A ControlNet's version is told by whether its refiner was trained, in whatever encoding its weights are stored.
#include <ATen/ATen.h>

#include <string>

#include "models/controlnet_config.h"
#include "support/catch.h"
#include "support/memory_source.h"

namespace zimage {
namespace {

constexpr std::int64_t kRows = 4;
constexpr std::int64_t kColumns = 256;

/// Returns a weight [4, 256] whose bytes are all `byte`. Bytes of 0 stand for zeros in every encoding, and those of
/// 0x3C for other numbers.
StoredWeight weight_of(Encoding encoding, std::uint8_t byte) {
  const EncodingInfo& info = info_of(encoding);
  StoredWeight weight{.encoding = encoding, .shape = {kRows, kColumns}};
  weight.data = at::full({kRows, kColumns / info.block_values * info.block_bytes}, byte, at::kByte);
  if (encoding == Encoding::kF32) weight.data = weight.data.view(at::kFloat);
  if (encoding == Encoding::kF16) weight.data = weight.data.view(at::kHalf);
  if (encoding == Encoding::kBF16) weight.data = weight.data.view(at::kBFloat16);
  const bool scaled = encoding == Encoding::kF8E4M3 || encoding == Encoding::kF8E5M2 || encoding == Encoding::kInt8 ||
                      encoding == Encoding::kNVFP4;
  if (scaled) weight.scale = at::ones({});
  if (encoding == Encoding::kNVFP4) weight.block_scale = at::full({128, kColumns / 16}, 0x38, at::kByte);  // 1 in e4m3
  if (encoding == Encoding::kMXFP8) weight.block_scale = at::full({128, kColumns / 32}, 127, at::kByte);   // 2^0
  return weight;
}

std::string version_of(const StoredWeight& refiner) {
  test::MemorySource source;
  source.add("control_all_x_embedder.2-1.weight", {32, 132});
  source.add("control_layers.0.after_proj.weight", {32, 32});
  source.add("control_noise_refiner.0.after_proj.weight", refiner);
  DiTConfig base;
  base.n_layers = 1;
  base.n_refiner_layers = 1;
  const std::string version = ControlNetConfig::detect(source, {}, base).version();
  // What was looked at needn't stay in memory.
  CHECK(source.released == std::vector<std::string>{"control_noise_refiner.0.after_proj.weight"});
  return version;
}

TEST_CASE("a refiner of zeros is version 2.0's and any other 2.1's, in every encoding") {
  for (int code = 0; code <= static_cast<int>(Encoding::kIQ4_XS); ++code) {
    const auto encoding = static_cast<Encoding>(code);
    CAPTURE(info_of(encoding).name);
    CHECK(version_of(weight_of(encoding, 0)) == "2.0");
    CHECK(version_of(weight_of(encoding, 0x3C)) == "2.1");
    // One row that isn't zero is enough.
    StoredWeight one = weight_of(encoding, 0);
    const StoredWeight other = weight_of(encoding, 0x3C);
    one.data.narrow(0, kRows - 1, 1).copy_(other.data.narrow(0, 0, 1));
    CHECK(version_of(one) == "2.1");
  }
}

}  // namespace
}  // namespace zimage
