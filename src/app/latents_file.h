// `--save-latents`: the final latents as a safetensors file.
#pragma once

#include <cstdint>
#include <vector>

#include "zimage/inpainter.h"

namespace zimage::app {

/// One F32 tensor `latents`, [1, channels, height, width].
std::vector<std::uint8_t> encode_latents(const Latents& latents);

}  // namespace zimage::app
