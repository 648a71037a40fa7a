// Prepares the prompt for the text encoder: wraps it in Qwen3's chat template and keeps at most 512 tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace zimage {

inline constexpr std::size_t kMaxPromptTokens = 512;

/// Returns `<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n`.
std::string apply_chat_template(std::string_view prompt);

struct PromptTokens {
  std::vector<std::int64_t> ids;  ///< at most kMaxPromptTokens
  std::size_t full_length = 0;    ///< number of tokens before truncation
};

/// Applies the template, tokenizes, and keeps the first 512 tokens, as the reference pipeline does.
PromptTokens tokenize_prompt(const Tokenizer& tokenizer, std::string_view prompt);

}  // namespace zimage
