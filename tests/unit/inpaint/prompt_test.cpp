// Tests the chat template and the cut at 512 tokens.
#include "inpaint/prompt.h"

#include <string>

#include "support/catch.h"
#include "support/fixtures_tokenizer.h"
#include "zimage/error.h"

using zimage::apply_chat_template;
using zimage::tokenize_prompt;
using zimage::Tokenizer;

TEST_CASE("the template is Qwen3's for one user turn", "[inpaint]") {
  CHECK(apply_chat_template("a cat") == "<|im_start|>user\na cat<|im_end|>\n<|im_start|>assistant\n");
  CHECK(apply_chat_template("") == "<|im_start|>user\n<|im_end|>\n<|im_start|>assistant\n");
  CHECK(apply_chat_template(" x \n") == "<|im_start|>user\n x \n<|im_end|>\n<|im_start|>assistant\n");
}

TEST_CASE("a prompt is cut to its first 512 tokens", "[inpaint]") {
  const auto tokenizer = Tokenizer::from_json(zimage::test::small_tokenizer().dump(), "small");
  const auto empty = tokenize_prompt(tokenizer, "");
  CHECK(empty.ids == tokenizer.encode(apply_chat_template("")));
  CHECK(empty.full_length == empty.ids.size());
  const std::size_t frame = empty.full_length;
  REQUIRE(frame < 100);
  // '?' is never merged, so each is one token.
  for (const std::size_t total : {zimage::kMaxPromptTokens - 1, zimage::kMaxPromptTokens, zimage::kMaxPromptTokens + 1,
                                  2 * zimage::kMaxPromptTokens}) {
    std::string prompt;
    for (std::size_t i = frame; i < total; ++i) prompt += '?';
    const auto tokens = tokenize_prompt(tokenizer, prompt);
    auto expected = tokenizer.encode(apply_chat_template(prompt));
    CHECK(expected.size() == total);
    CHECK(tokens.full_length == total);
    CHECK(tokens.ids.size() == std::min(total, zimage::kMaxPromptTokens));
    expected.resize(tokens.ids.size());
    CHECK(tokens.ids == expected);
  }
}

TEST_CASE("a prompt that isn't UTF-8 is a usage error", "[inpaint]") {
  const auto tokenizer = Tokenizer::from_json(zimage::test::small_tokenizer().dump(), "small");
  try {
    tokenize_prompt(tokenizer, "caf\xE9");
    FAIL("accepted");
  } catch (const zimage::Error& error) {
    CHECK(error.code() == zimage::ErrorCode::kUsage);
  }
}
