// A byte-level BPE's vocabulary in other forms than a tokenizer.json.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_added.h"

namespace zimage {

/// A GGUF's tokens, told apart.
struct SortedTokens {
  std::vector<std::string_view> ordinary;  ///< by id; empty: not an ordinary token
  std::vector<AddedToken> added;
};

/// Errors: kModel, naming `name`, for another model or pre-tokenizer, lists of different lengths, another type, no
/// merges, an empty token, or an added token that isn't UTF-8 or that appears twice.
SortedTokens sort_tokens(const GgufVocabulary& vocabulary, const std::string& name);

/// The program's own form of a vocabulary (`Bpe::from_pairs`).
struct MergesFile {
  std::vector<std::pair<std::int32_t, std::int32_t>> merges;
  std::vector<AddedToken> added;  ///< with the ids after the last merge's
};

/// Reads a file that has a merge on each line, as two ids with a space between them, and after an empty line an added
/// token on each. Errors: kModel, naming `name`, for another line, no merges, or an added token as above.
MergesFile read_merges_file(std::string_view text, const std::string& name);

}  // namespace zimage
