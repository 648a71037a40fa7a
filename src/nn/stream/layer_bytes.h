// What a list of layers takes in memory, from a file's header alone. LoRAs aren't counted.
#pragma once

#include <cstdint>
#include <string>

#include "nn/placement.h"
#include "weights/weight_source.h"

namespace zimage::nn {

/// Bytes of a weight, or of several.
struct HeldBytes {
  std::uint64_t own = 0;     ///< memory that is allocated for it, on the placement's device
  std::uint64_t mapped = 0;  ///< pages of the mapped file, which are in memory once they are used; only on the CPU

  std::uint64_t sum() const { return own + mapped; }
  HeldBytes& operator+=(const HeldBytes& other) {
    own += other.own;
    mapped += other.mapped;
    return *this;
  }
};

/// Returns what a loader's weight takes if it is held as the placement says. Matrices count as linear layers,
/// all of which are int8 if the placement says so; a block's few others are some 2 % of it.
HeldBytes held_bytes(const WeightInfo& weight, const Placement& placement);

/// A list of layers of which some are streamed.
struct LayerListBytes {
  HeldBytes resident;               ///< the layers that stay; on the CPU also what is converted of streamed ones
  std::uint64_t slots = 0;          ///< what the slots take: so many times the largest streamed layer
  std::uint64_t pinned = 0;         ///< the host's copies of streamed layers; 0 on the CPU
  std::uint64_t moved = 0;          ///< bytes that a forward brings, once the first one has run
  std::uint64_t largest_layer = 0;  ///< bytes that the largest streamed layer takes in a slot

  /// Returns the most that the list takes on the placement's device.
  std::uint64_t on_device() const { return resident.sum() + slots; }
};

/// Returns what load_layers() will take for `count` layers of a group, with `placement.resident_layers` of them
/// resident. Panels of what is dequantised (panel_bytes()) come on top.
LayerListBytes layer_list_bytes(const WeightSource& source, const std::string& group, std::int64_t count,
                                const Placement& placement);

}  // namespace zimage::nn
