#include "inpaint/prompt.h"

namespace zimage {

std::string apply_chat_template(std::string_view prompt) {
  return "<|im_start|>user\n" + std::string(prompt) + "<|im_end|>\n<|im_start|>assistant\n";
}

PromptTokens tokenize_prompt(const Tokenizer& tokenizer, std::string_view prompt) {
  PromptTokens tokens;
  tokens.ids = tokenizer.encode(apply_chat_template(prompt));
  tokens.full_length = tokens.ids.size();
  if (tokens.ids.size() > kMaxPromptTokens) tokens.ids.resize(kMaxPromptTokens);
  return tokens;
}

}  // namespace zimage
