// Turns latents into tokens and back, and pads them to a multiple of 32 tokens.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace zimage {

/// Turns [B, C, H, W] into [B, H/2·W/2, 4·C]: a token holds (row, column, channel) of its 2×2 cells, channels fastest.
at::Tensor patchify(const at::Tensor& latents);

/// Turns the first rows·cols tokens of [B, L, 4·C] into [B, C, 2·rows, 2·cols].
at::Tensor unpatchify(const at::Tensor& tokens, std::int64_t rows, std::int64_t cols);

/// Returns the count rounded up to a multiple of 32.
std::int64_t padded_count(std::int64_t tokens);

/// Pads [B, L, dim] to [B, padded_count(L), dim] with `pad_token` [1, dim].
at::Tensor pad_tokens(const at::Tensor& tokens, const at::Tensor& pad_token);

}  // namespace zimage
