#include "nn/stream/layer_bytes.h"

#include "support/catch.h"
#include "support/memory_source.h"

namespace zimage::nn {
namespace {

constexpr std::uint64_t kMatrix = 64 * 32, kNorm = 32;

/// Four layers in bf16, each with a matrix and a norm; the third has a second matrix in Q8_0.
test::MemorySource source_of_four() {
  test::MemorySource source;
  for (const char* layer : {"layers.0.", "layers.1.", "layers.2.", "layers.3.", "layers.30."}) {
    source.add(std::string(layer) + "w.weight", {64, 32});
    source.add(std::string(layer) + "norm.weight", {32});
  }
  source.add("layers.2.q.weight", {64, 32}, Encoding::kQ8_0);
  return source;
}

Placement placed(at::Device device, at::ScalarType dtype, std::int64_t resident) {
  Placement placement{.device = device, .dtype = dtype};
  placement.resident_layers = resident;
  return placement;
}

TEST_CASE("on the CPU a resident layer is converted, and a streamed one is mapped but for its norms") {
  const auto source = source_of_four();
  const auto bytes = layer_list_bytes(source, "layers", 4, placed(at::kCPU, at::kFloat, 1));
  CHECK(bytes.resident.own == kMatrix * 4 + kNorm * 4 + 3 * kNorm * 4);
  CHECK(bytes.resident.mapped == 0);
  const std::uint64_t quantised = kMatrix / 32 * 34;
  CHECK(bytes.largest_layer == kMatrix * 2 + quantised);
  CHECK(bytes.slots == 2 * bytes.largest_layer);
  CHECK(bytes.moved == 3 * kMatrix * 2 + quantised);
  CHECK(bytes.pinned == 0);
  CHECK(bytes.on_device() == bytes.resident.own + bytes.slots);
}

TEST_CASE("on the CPU what fits is mapped, unless it is packed") {
  const auto source = source_of_four();
  Placement placement = placed(at::kCPU, at::kBFloat16, 2);
  auto bytes = layer_list_bytes(source, "layers", 4, placement);
  CHECK(bytes.resident.own == 0);
  CHECK(bytes.resident.mapped == 2 * (kMatrix + kNorm) * 2);
  CHECK(bytes.moved == 0);  // two layers stay in the two slots
  placement.packed = true;
  bytes = layer_list_bytes(source, "layers", 4, placement);
  CHECK(bytes.resident.own == 2 * (kMatrix + kNorm) * 2);
  CHECK(bytes.slots > 0);
  placement.as_stored = true;
  CHECK(layer_list_bytes(source, "layers", 4, placement).resident.own == 0);
}

TEST_CASE(
    "in int8 a resident matrix takes a byte a value and a scale a row, and a streamed one stays as it is stored") {
  const auto source = source_of_four();
  Placement placement = placed(at::kCPU, at::kBFloat16, 1);
  placement.int8 = true;
  const auto bytes = layer_list_bytes(source, "layers", 4, placement);
  CHECK(bytes.resident.own == kMatrix + 64 * 4);
  CHECK(bytes.resident.mapped == kNorm * 2);
  CHECK(bytes.largest_layer == (kMatrix + kNorm) * 2 + kMatrix / 32 * 34);
}

TEST_CASE("on a device a streamed layer has a pinned copy in the compute dtype") {
  const auto source = source_of_four();
  const auto bytes = layer_list_bytes(source, "layers", 4, placed({at::kCUDA, 0}, at::kFloat, 3));
  CHECK(bytes.resident.own == 3 * (kMatrix + kNorm) * 4 + kMatrix / 32 * 34);
  CHECK(bytes.resident.mapped == 0);
  CHECK(bytes.pinned == (kMatrix + kNorm) * 4);
  CHECK(bytes.slots == bytes.pinned);
  const auto all = layer_list_bytes(source, "layers", 4, placed({at::kCUDA, 0}, at::kFloat, 9));
  CHECK(all.slots + all.pinned + all.moved + all.largest_layer == 0);
}

}  // namespace
}  // namespace zimage::nn
