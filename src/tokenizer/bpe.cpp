#include "tokenizer/bpe.h"

#include <cstddef>
#include <functional>
#include <queue>
#include <tuple>

#include "base/utf8.h"

namespace zimage {

namespace {

std::array<std::string, 256> make_byte_alphabet() {
  std::array<std::string, 256> alphabet;
  char32_t free = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    utf8::append(alphabet[byte], printable ? static_cast<char32_t>(byte) : free++);
  }
  return alphabet;
}

/// A part of the word during merging, in a doubly linked list within an array.
struct Symbol {
  std::int32_t id;
  std::ptrdiff_t previous, next;  ///< −1: none
  bool merged_away = false;
};

struct Candidate {
  std::uint32_t rank;
  std::size_t at;  ///< index of the left symbol
  std::int32_t id;
  bool operator>(const Candidate& other) const { return std::tie(rank, at) > std::tie(other.rank, other.at); }
};

}  // namespace

const std::array<std::string, 256>& byte_alphabet() {
  static const std::array<std::string, 256> alphabet = make_byte_alphabet();
  return alphabet;
}

const Bpe::Merge* Bpe::find(std::int32_t left, std::int32_t right) const {
  const auto found = merges_.find(pair_key(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

bool Bpe::encode_whole(std::string_view piece, std::vector<std::int64_t>& ids) const {
  std::string token;
  for (const char c : piece) token += byte_alphabet()[static_cast<unsigned char>(c)];
  const auto found = vocabulary_.find(token);
  if (found == vocabulary_.end()) return false;
  ids.push_back(found->second);
  return true;
}

void Bpe::encode(std::string_view piece, std::vector<std::int64_t>& ids) const {
  if (piece.empty() || (ignore_merges_ && encode_whole(piece, ids))) return;
  const auto size = static_cast<std::ptrdiff_t>(piece.size());
  std::vector<Symbol> symbols(piece.size());
  for (std::ptrdiff_t i = 0; i < size; ++i) {
    const auto at = static_cast<std::size_t>(i);
    symbols[at] = {byte_ids_[static_cast<unsigned char>(piece[at])], i - 1, i + 1 < size ? i + 1 : -1};
  }
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto propose = [&](std::ptrdiff_t left, std::ptrdiff_t right) {
    if (left < 0 || right < 0) return;
    const auto at = static_cast<std::size_t>(left);
    const Merge* merge = find(symbols[at].id, symbols[static_cast<std::size_t>(right)].id);
    if (merge != nullptr) queue.push({merge->rank, at, merge->id});
  };
  for (std::ptrdiff_t i = 0; i + 1 < size; ++i) propose(i, i + 1);
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    Symbol& left = symbols[best.at];
    if (left.merged_away || left.next < 0) continue;
    Symbol& right = symbols[static_cast<std::size_t>(left.next)];
    // Skip outdated entries, where a side has been merged since; like the package, compare the merged token alone.
    const Merge* merge = find(left.id, right.id);
    if (merge == nullptr || merge->id != best.id) continue;
    left.id = best.id;
    left.next = right.next;
    right.merged_away = true;
    const auto here = static_cast<std::ptrdiff_t>(best.at);
    if (left.next >= 0) symbols[static_cast<std::size_t>(left.next)].previous = here;
    propose(left.previous, here);
    propose(here, left.next);
  }
  for (const Symbol& symbol : symbols) {
    if (!symbol.merged_away) ids.push_back(symbol.id);
  }
}

}  // namespace zimage
