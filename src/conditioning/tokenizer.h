// Byte-level BPE from a tokenizer.json of the `tokenizers` package, as Qwen2/Qwen3 ship it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace zimage {

class Tokenizer {
 public:
  /// Reads tokenizer.json's text: a BPE model (merges as strings "a b" or pairs ["a","b"]), an NFC normalizer or none,
  /// a Split pre-tokenizer with its Regex pattern and/or ByteLevel (add_prefix_space false), added tokens (special or
  /// not; lstrip, rstrip, single_word, normalized).
  /// Errors: kModel, naming `name`, for bad JSON, a part of a kind that isn't supported (never ignored), a merge or an
  /// added token that the vocabulary contradicts, a pattern that doesn't compile.
  static Tokenizer from_json(std::string_view json, const std::string& name);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;

  /// Token ids of UTF-8 text, as `Tokenizer.encode(text, add_special_tokens=False).ids` gives.
  /// Errors: kUsage if `text` isn't valid UTF-8.
  std::vector<std::int64_t> encode(std::string_view text) const;

  /// One past the largest id.
  std::int64_t vocab_size() const;

 private:
  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace zimage
