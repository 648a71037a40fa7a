// Byte-level BPE from a tokenizer.json of the `tokenizers` package, as Qwen2 and Qwen3 ship it, from a GGUF's
// vocabulary, or from the program's own file of Qwen's merges.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace zimage {

/// A vocabulary as a GGUF holds it, in the values of its keys `tokenizer.ggml.*`. It refers to text of others.
struct GgufVocabulary {
  std::string_view model{};                ///< "gpt2" is a byte-level BPE
  std::string_view pre{};                  ///< "qwen2" is the split pattern of Qwen2 and Qwen3, with NFC before it
  std::vector<std::string_view> tokens{};  ///< by id: ordinary ones in GPT-2's byte alphabet, added ones as they are
  std::vector<std::int32_t> token_type{};  ///< by id: 1 ordinary, 3 (control) and 4 (user-defined) added, 5 unused
  std::vector<std::string_view> merges{};  ///< "left right"; the first one goes first
};

class Tokenizer {
 public:
  /// Reads tokenizer.json's text: a BPE model (merges as strings "a b" or pairs ["a","b"]) whose vocabulary has every
  /// byte, an NFC normalizer or none, Split pre-tokenizers (regular expression or string) with ByteLevel last
  /// (add_prefix_space false), added tokens (special or not; lstrip, rstrip, single_word, normalized).
  /// "truncation" and "padding" aren't read: the reference pipeline sets its own at each call, and so does prompt.h.
  /// "post_processor" and "decoder" don't affect the ids that encode() returns, and aren't read either.
  /// Errors: kModel, naming `name`, for bad JSON, a part that isn't supported (none is ignored), a merge or an added
  /// token that contradicts the vocabulary, or a pattern that doesn't compile or that PCRE2 may read differently.
  static Tokenizer from_json(std::string_view json, const std::string& name);

  /// Takes a GGUF's vocabulary, which needs to live no longer than this call, with the NFC and the split pattern of
  /// Qwen2 and Qwen3. Added tokens match in the text as it is, and strip nothing. Errors: kModel, naming `name`, for
  /// another model or pre-tokenizer than "gpt2" and "qwen2", a type of token that a byte-level BPE doesn't have, no
  /// merges, a byte that UTF-8 uses and that is no token, a token or a merge that appears twice, or a merge that
  /// doesn't make a token of two.
  static Tokenizer from_vocabulary(const GgufVocabulary& vocabulary, const std::string& name);

  /// Reads the program's own form of Qwen's vocabulary, as scripts/make_bundled_tokenizer.py writes it: a merge on each
  /// line, as two ids, and after an empty line an added token on each. The rest is as above.
  /// Errors: kModel, naming `name`, for another line, no merges, a merge that isn't made of tokens before it, or a
  /// merge or an added token that appears twice.
  static Tokenizer from_merges(std::string_view text, const std::string& name);

  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;

  /// Returns the token ids of UTF-8 text, like `Tokenizer.encode(text, add_special_tokens=False).ids` untruncated.
  /// Takes O(n log n). Safe to call from several threads.
  /// Errors: kUsage if `text` isn't valid UTF-8; kModel if a split pattern takes far more steps than the text is long.
  std::vector<std::int64_t> encode(std::string_view text) const;

  /// Returns one more than the largest id.
  std::int64_t vocab_size() const;

 private:
  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace zimage
