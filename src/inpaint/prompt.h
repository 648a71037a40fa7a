// The prompt as the text encoder sees it: Qwen3's chat template around it, at most 512 tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace zimage {

inline constexpr std::size_t kMaxPromptTokens = 512;

/// `<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n`.
std::string apply_chat_template(std::string_view prompt);

struct PromptTokens {
  std::vector<std::int64_t> ids;  ///< at most kMaxPromptTokens
  std::size_t full_length = 0;    ///< before truncation
};

/// Template, tokens, truncation (to the first 512, as the reference pipeline does).
PromptTokens tokenize_prompt(const Tokenizer& tokenizer, std::string_view prompt);

}  // namespace zimage
