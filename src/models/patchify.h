// Latents as tokens and back, and padding to a multiple of 32 tokens.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace zimage {

/// [B, C, H, W] → [B, H/2·W/2, 4·C]: a token is (row, column, channel) of its 2×2 cells, channels fastest.
at::Tensor patchify(const at::Tensor& latents);

/// The first rows·cols tokens of [B, L, 4·C] → [B, C, 2·rows, 2·cols].
at::Tensor unpatchify(const at::Tensor& tokens, std::int64_t rows, std::int64_t cols);

/// The count rounded up to a multiple of 32.
std::int64_t padded_count(std::int64_t tokens);

/// [B, L, dim] → [B, padded_count(L), dim], filled with `pad_token` [1, dim].
at::Tensor pad_tokens(const at::Tensor& tokens, const at::Tensor& pad_token);

}  // namespace zimage
