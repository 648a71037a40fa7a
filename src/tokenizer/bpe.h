// Byte-level byte-pair encoding, the "model" of a tokenizer.json.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace zimage {

using Vocabulary = std::unordered_map<std::string, std::int32_t>;

class Bpe {
 public:
  /// Reads the "model" of a tokenizer.json. Every byte that UTF-8 uses must be in the vocabulary; then "unk_token" and
  /// "byte_fallback", which are for characters outside it, never apply and are ignored.
  /// Errors: kModel, naming `name`.
  static Bpe from_json(const nlohmann::json& model, const std::string& name);

  /// Appends the tokens of one pre-tokenized piece. Takes O(n log n).
  void encode(std::string_view piece, std::vector<std::int64_t>& ids) const;

  const Vocabulary& vocabulary() const { return vocabulary_; }  ///< its tokens are in GPT-2's byte alphabet

 private:
  struct Merge {
    std::uint32_t rank;
    std::int32_t id;  ///< of the merged token
  };
  const Merge* find(std::int32_t left, std::int32_t right) const;
  void read_vocabulary(const nlohmann::json& json, const std::string& name);
  void read_merges(const nlohmann::json& json, const std::string& name);
  bool encode_whole(std::string_view piece, std::vector<std::int64_t>& ids) const;

  Vocabulary vocabulary_;
  std::unordered_map<std::uint64_t, Merge> merges_;  ///< by left id · 2³² + right id
  std::array<std::int32_t, 256> byte_ids_{};         ///< −1: not in the vocabulary
  bool ignore_merges_ = false;
};

}  // namespace zimage
