#include "models/patchify.h"

#include <ATen/ATen.h>

#include "models/dit_config.h"

namespace zimage {

at::Tensor patchify(const at::Tensor& latents) {
  constexpr std::int64_t p = DiTConfig::kPatch;
  const std::int64_t rows = latents.size(2) / p;
  const std::int64_t cols = latents.size(3) / p;
  return latents.reshape({latents.size(0), latents.size(1), rows, p, cols, p})
      .permute({0, 2, 4, 3, 5, 1})
      .reshape({latents.size(0), rows * cols, -1});
}

at::Tensor unpatchify(const at::Tensor& tokens, std::int64_t rows, std::int64_t cols) {
  constexpr std::int64_t p = DiTConfig::kPatch;
  return tokens.slice(1, 0, rows * cols)
      .reshape({tokens.size(0), rows, cols, p, p, -1})
      .permute({0, 5, 1, 3, 2, 4})
      .reshape({tokens.size(0), -1, rows * p, cols * p});
}

std::int64_t padded_count(std::int64_t tokens) {
  return (tokens + DiTConfig::kTokenMultiple - 1) / DiTConfig::kTokenMultiple * DiTConfig::kTokenMultiple;
}

at::Tensor pad_tokens(const at::Tensor& tokens, const at::Tensor& pad_token) {
  const std::int64_t missing = padded_count(tokens.size(1)) - tokens.size(1);
  if (missing == 0) return tokens;
  return at::cat({tokens, pad_token.unsqueeze(0).expand({tokens.size(0), missing, tokens.size(2)})}, 1);
}

}  // namespace zimage
