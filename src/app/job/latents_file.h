// `--save-latents`: the final latents as a safetensors file.
#pragma once

#include <cstdint>
#include <vector>

#include "zimage/inpainter.h"

namespace zimage::app {

/// F32 tensors `latents`, `latents.1`, … one a region, [1, channels, height, width].
std::vector<std::uint8_t> encode_latents(const std::vector<Latents>& regions);

}  // namespace zimage::app
