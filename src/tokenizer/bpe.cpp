#include "tokenizer/bpe.h"

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <queue>
#include <tuple>

#include "base/text.h"
#include "base/utf8.h"
#include "tokenizer/tokenizer_json.h"
#include "tokenizer/unicode.h"

namespace zimage {

using nlohmann::json;

namespace {

/// Makes GPT-2's alphabet: printable Latin-1 bytes stand for themselves, the others for code points from U+0100 on.
std::array<std::string, 256> make_byte_alphabet() {
  std::array<std::string, 256> alphabet;
  char32_t free = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    utf8::append(alphabet[byte], printable ? static_cast<char32_t>(byte) : free++);
  }
  return alphabet;
}

const std::array<std::string, 256>& byte_alphabet() {
  static const std::array<std::string, 256> alphabet = make_byte_alphabet();
  return alphabet;
}

bool used_by_utf8(unsigned byte) { return byte != 0xC0 && byte != 0xC1 && byte < 0xF5; }

std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
  return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32) | static_cast<std::uint32_t>(right);
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

Bpe Bpe::from_json(const json& model, const std::string& name) {
  if (!model.is_object()) tokenizer_json::fail(name, "\"model\" isn't an object");
  if (tokenizer_json::text(model, "type", name) != "BPE") tokenizer_json::fail(name, "\"model\" isn't of type BPE");
  const auto dropout = model.find("dropout");
  if (dropout != model.end() && !dropout->is_null() && !(dropout->is_number() && dropout->get<double>() == 0.0)) {
    tokenizer_json::fail(name, "the model has \"dropout\", which makes tokens random");
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    const auto value = model.find(key);
    if (value == model.end() || value->is_null()) continue;
    if (!value->is_string() || !value->get_ref<const std::string&>().empty()) {
      tokenizer_json::fail(name, "the model has a \"" + std::string(key) + "\", which isn't supported");
    }
  }
  Bpe bpe;
  bpe.ignore_merges_ = tokenizer_json::flag(model, "ignore_merges", false, name);
  bpe.read_vocabulary(model, name);
  bpe.read_merges(model, name);
  return bpe;
}

void Bpe::read_vocabulary(const json& model, const std::string& name) {
  const auto vocab = model.find("vocab");
  if (vocab == model.end() || !vocab->is_object()) tokenizer_json::fail(name, "the model has no \"vocab\" object");
  std::unordered_map<std::int32_t, const std::string*> tokens;
  vocabulary_.reserve(vocab->size());
  tokens.reserve(vocab->size());
  for (const auto& [token, value] : vocab->items()) {
    const auto id = tokenizer_json::id(value, "the id of token " + in_quotes(token), name);
    const auto [entry, inserted] = vocabulary_.emplace(token, id);
    const auto [other, fresh] = tokens.emplace(id, &entry->first);
    if (!fresh) {
      tokenizer_json::fail(name, "tokens " + in_quotes(*other->second) + " and " + in_quotes(token) +
                                     " have the same id " + std::to_string(id));
    }
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    const auto found = vocabulary_.find(byte_alphabet()[byte]);
    byte_ids_[byte] = found == vocabulary_.end() ? -1 : found->second;
    if (byte_ids_[byte] < 0 && used_by_utf8(byte)) {
      tokenizer_json::fail(name, "the vocabulary isn't byte-level: byte " + std::to_string(byte) + ", written " +
                                     in_quotes(byte_alphabet()[byte]) + ", isn't in it");
    }
  }
}

void Bpe::read_merges(const json& model, const std::string& name) {
  const auto merges = model.find("merges");
  if (merges == model.end() || !merges->is_array()) tokenizer_json::fail(name, "the model has no \"merges\" array");
  merges_.reserve(merges->size());
  const bool pairs = !merges->empty() && merges->front().is_array();
  std::uint32_t rank = 0;
  for (const json& merge : *merges) {
    const auto where = [&] { return "merge " + std::to_string(&merge - &merges->front()); };
    std::string left, right;
    if (pairs && merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      left = merge[0].get<std::string>();
      right = merge[1].get<std::string>();
    } else if (!pairs && merge.is_string()) {
      const auto& line = merge.get_ref<const std::string&>();
      if (line.rfind("#version", 0) == 0) continue;  // the first line of a merges.txt
      const auto space = line.find(' ');
      if (space == std::string::npos || line.find(' ', space + 1) != std::string::npos) {
        tokenizer_json::fail(name, where() + " isn't two tokens with a space between them");
      }
      left = line.substr(0, space);
      right = line.substr(space + 1);
    } else {
      tokenizer_json::fail(name, where() + " is neither a string nor a pair of strings, as the first one is");
    }
    std::int32_t ids[3];
    const std::string tokens[3] = {left, right, left + right};
    for (int i = 0; i < 3; ++i) {
      const auto found = vocabulary_.find(tokens[i]);
      if (found == vocabulary_.end()) {
        tokenizer_json::fail(name, where() + ": " + in_quotes(tokens[i]) + " isn't in the vocabulary");
      }
      ids[i] = found->second;
    }
    merges_.insert_or_assign(pair_key(ids[0], ids[1]), Merge{rank++, ids[2]});  // of equal pairs, the last one counts
  }
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
