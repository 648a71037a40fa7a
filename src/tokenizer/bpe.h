// Byte-level byte-pair encoding, the "model" of a tokenizer.json and of a GGUF's vocabulary.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace zimage {

using Vocabulary = std::unordered_map<std::string, std::int32_t>;

/// Returns GPT-2's spelling of each byte: printable Latin-1 characters stand for themselves, and code points from
/// U+0100 on for the other bytes.
const std::array<std::string, 256>& byte_alphabet();

class Bpe {
 public:
  /// Reads the "model" of a tokenizer.json. Every byte that UTF-8 uses must be in the vocabulary; then "unk_token" and
  /// "byte_fallback", which are for characters outside it, never apply and are ignored.
  /// Errors: kModel, naming `name`.
  static Bpe from_json(const nlohmann::json& model, const std::string& name);

  /// Takes tokens by id in GPT-2's byte alphabet (an empty one has no place in the vocabulary), and merges "left
  /// right", of which the first one goes first. Errors: kModel, naming `name`, for a token or a merge that appears
  /// twice, a byte that UTF-8 uses and that is no token, or a merge that isn't two tokens with a space between them or
  /// doesn't make a token.
  static Bpe from_merges(std::span<const std::string_view> tokens, std::span<const std::string_view> merges,
                         const std::string& name);

  /// Takes merges as pairs of ids. Ids 0 … 255 are the bytes in the order of their spellings, and merge k makes the
  /// token 256 + k. There is no vocabulary then, since nothing needs the spellings. Errors: kModel, naming `name`, for
  /// a merge that appears twice or that isn't made of tokens before it.
  static Bpe from_pairs(std::span<const std::pair<std::int32_t, std::int32_t>> merges, const std::string& name);

  /// Appends the tokens of one pre-tokenized piece. Takes O(n log n).
  void encode(std::string_view piece, std::vector<std::int64_t>& ids) const;

  const Vocabulary& vocabulary() const { return vocabulary_; }  ///< its tokens are in GPT-2's byte alphabet
  std::int32_t next_id() const { return next_id_; }             ///< one more than the largest id

 private:
  struct Merge {
    std::uint32_t rank;
    std::int32_t id;  ///< of the merged token
  };
  static std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
    return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32) | static_cast<std::uint32_t>(right);
  }
  const Merge* find(std::int32_t left, std::int32_t right) const;
  void read_vocabulary(const nlohmann::json& model, const std::string& name);
  void read_merges(const nlohmann::json& model, const std::string& name);
  void find_bytes(const std::string& name);
  void add_merge(std::string_view line, std::size_t number, const std::string& name);
  void add_merge(const std::string& left, const std::string& right, std::size_t number, const std::string& name);
  bool encode_whole(std::string_view piece, std::vector<std::int64_t>& ids) const;

  Vocabulary vocabulary_;
  std::unordered_map<std::uint64_t, Merge> merges_;  ///< by pair_key()
  std::int32_t next_id_ = 0;
  std::array<std::int32_t, 256> byte_ids_{};  ///< −1: not in the vocabulary
  bool ignore_merges_ = false;
};

}  // namespace zimage
