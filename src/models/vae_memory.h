// How much memory the VAE needs beside its weights: pure functions of sizes, for whoever plans memory.
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>

#include "models/vae_config.h"

namespace zimage {

/// Return the most bytes that VAEEncoder::encode() and VAEDecoder::decode() hold at a time for pixels [1, 3, height,
/// width] in this dtype, without their argument, but with their result. `strip_rows` is their parameter. Counted on the
/// CPU; on CUDA a convolution's workspace comes on top.
std::uint64_t vae_encode_bytes(const VAEConfig& config, std::int64_t height, std::int64_t width, at::ScalarType dtype,
                               std::int64_t strip_rows);
std::uint64_t vae_decode_bytes(const VAEConfig& config, std::int64_t height, std::int64_t width, at::ScalarType dtype,
                               std::int64_t strip_rows);

/// Returns the height of strips with which both directions stay within `budget` bytes: the fastest if that fits, else
/// the largest that does, and 1 if nothing does.
std::int64_t vae_strip_rows(const VAEConfig& config, std::int64_t height, std::int64_t width, at::ScalarType dtype,
                            std::uint64_t budget);

}  // namespace zimage
