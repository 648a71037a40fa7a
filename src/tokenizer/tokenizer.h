// Byte-level BPE from a tokenizer.json of the `tokenizers` package, as Qwen2 and Qwen3 ship it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace zimage {

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
