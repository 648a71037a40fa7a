// Added tokens, which are found in the text before anything else is done with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/bpe.h"

namespace zimage {

struct AddedToken {
  std::string content;
  std::int32_t id = 0;
  bool single_word = false;  ///< matches only between characters that aren't Rust's `\w`
  bool lstrip = false;       ///< takes in the white space on its left
  bool rstrip = false;       ///< takes in the white space on its right
  bool normalized = false;   ///< matches in normalised text, by its normalised content
};

/// Reads "added_tokens". Errors: kModel for a wrong type, an empty or repeated content, or an id other than the token's
/// in `vocabulary` (for a new token: other than the next free id, which the `tokenizers` package would give it).
std::vector<AddedToken> read_added_tokens(const nlohmann::json& file, const Vocabulary& vocabulary,
                                          const std::string& name);

/// Finds tokens from left to right; of those that start together, the longest wins.
class AddedTokenMatcher {
 public:
  AddedTokenMatcher() = default;
  explicit AddedTokenMatcher(std::vector<AddedToken> tokens);
  AddedTokenMatcher(AddedTokenMatcher&&) noexcept = default;
  AddedTokenMatcher& operator=(AddedTokenMatcher&&) noexcept = default;

  struct Piece {
    std::string_view text;
    std::int32_t id;  ///< −1: ordinary text
  };
  std::vector<Piece> split(std::string_view text) const;

 private:
  const AddedToken* longest_at(std::string_view text, std::size_t at) const;

  std::vector<AddedToken> tokens_;
  std::unordered_map<std::string_view, const AddedToken*> by_content_;
  std::vector<std::size_t> lengths_[256];  ///< lengths of the contents that start with each byte, longest first
};

}  // namespace zimage
