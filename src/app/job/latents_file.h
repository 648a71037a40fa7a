// `--save-latents`: makes a safetensors file of the final latents.
#pragma once

#include <cstdint>
#include <vector>

#include "zimage/inpainter.h"

namespace zimage::app {

/// Encodes F32 tensors `latents`, `latents.1`, …, one per region, [1, channels, height, width].
std::vector<std::uint8_t> encode_latents(const std::vector<Latents>& regions);

}  // namespace zimage::app
