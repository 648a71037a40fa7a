#include "nn/stream/layer_bytes.h"

#include <algorithm>

#include "nn/stream/layer_stream.h"

namespace zimage::nn {
namespace {

at::ScalarType dtype_of(Encoding encoding) {
  return encoding == Encoding::kF32 ? at::kFloat : encoding == Encoding::kF16 ? at::kHalf : at::kBFloat16;
}

HeldBytes layer_bytes(const WeightSource& source, const std::string& prefix, const Placement& placement) {
  HeldBytes sum;
  for (const std::string& name : source.names()) {
    if (name.starts_with(prefix)) sum += held_bytes(*source.find(name), placement);
  }
  return sum;
}

}  // namespace

HeldBytes held_bytes(const WeightInfo& weight, const Placement& placement) {
  const auto converted = static_cast<std::uint64_t>(count_values(weight.shape)) * c10::elementSize(placement.dtype);
  const bool dense = is_dense(weight.encoding);
  const bool fits = dense && dtype_of(weight.encoding) == placement.dtype;
  const bool packed = placement.packed && !placement.as_stored;
  const bool linear = weight.shape.size() == 2;
  if (linear && placement.int8 && !placement.as_stored && placement.device.is_cpu()) {
    const auto rows = static_cast<std::uint64_t>(weight.shape.front());
    return {.own = static_cast<std::uint64_t>(count_values(weight.shape)) + rows * sizeof(float), .mapped = 0};
  }
  const bool stored = linear ? (!dense || placement.as_stored || (fits && !packed)) : (fits && !packed);
  if (!stored) return {.own = converted, .mapped = 0};
  if (placement.device.is_cpu()) return {.own = 0, .mapped = weight.bytes};
  return {.own = weight.bytes, .mapped = 0};
}

LayerListBytes layer_list_bytes(const WeightSource& source, const std::string& group, std::int64_t count,
                                const Placement& placement) {
  const bool cpu = placement.device.is_cpu();
  Placement streamed = placement;
  streamed.as_stored = placement.as_stored || cpu;
  const std::int64_t resident = std::clamp<std::int64_t>(placement.resident_layers, 0, count);
  LayerListBytes bytes;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string prefix = group + "." + std::to_string(i) + ".";
    if (i < resident) {
      bytes.resident += layer_bytes(source, prefix, placement);
      continue;
    }
    const HeldBytes layer = layer_bytes(source, prefix, streamed);
    const std::uint64_t moved = cpu ? layer.mapped : layer.own;
    (cpu ? bytes.resident.own : bytes.pinned) += layer.own;
    bytes.moved += moved;
    bytes.largest_layer = std::max(bytes.largest_layer, moved);
  }
  const auto slots = std::min<std::int64_t>(count - resident, LayerStream::kSlots);
  bytes.slots = static_cast<std::uint64_t>(slots) * bytes.largest_layer;
  if (count - resident == slots) bytes.moved = 0;
  return bytes;
}

}  // namespace zimage::nn
