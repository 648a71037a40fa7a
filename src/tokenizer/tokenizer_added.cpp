#include "tokenizer/tokenizer_added.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "base/utf8.h"
#include "tokenizer/tokenizer_json.h"
#include "tokenizer/unicode.h"

namespace zimage {

using nlohmann::json;

namespace {

AddedToken read_added_token(const json& entry, const std::string& name) {
  if (!entry.is_object()) tokenizer_json::fail(name, "an entry of \"added_tokens\" isn't an object");
  AddedToken token;
  token.content = tokenizer_json::text(entry, "content", name);
  if (token.content.empty()) tokenizer_json::fail(name, "an added token is empty");
  const std::string what = "added token " + in_quotes(token.content);
  const auto id = entry.find("id");
  if (id == entry.end()) tokenizer_json::fail(name, what + " has no id");
  token.id = tokenizer_json::id(*id, "the id of " + what, name);
  token.single_word = tokenizer_json::flag(entry, "single_word", name);
  token.lstrip = tokenizer_json::flag(entry, "lstrip", name);
  token.rstrip = tokenizer_json::flag(entry, "rstrip", name);
  token.normalized = tokenizer_json::flag(entry, "normalized", name);
  tokenizer_json::flag(entry, "special", name);  // checked, but used only for decoding
  return token;
}

std::size_t end_of_spaces(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (at < text.size() && unicode::is_space(utf8::next(text, at))) end = at;
  return end;
}

}  // namespace

std::vector<AddedToken> read_added_tokens(const json& file, const Vocabulary& vocabulary, const std::string& name) {
  std::vector<AddedToken> tokens;
  const auto list = file.find("added_tokens");
  if (list == file.end()) return tokens;
  if (!list->is_array()) tokenizer_json::fail(name, "\"added_tokens\" isn't an array");
  std::set<std::string> contents;
  std::set<std::int32_t> ids;
  std::size_t next_id = vocabulary.size();
  for (const json& entry : *list) {
    tokens.push_back(read_added_token(entry, name));
    AddedToken& token = tokens.back();
    const std::string what = "added token " + in_quotes(token.content);
    if (!contents.insert(token.content).second) tokenizer_json::fail(name, what + " appears twice");
    if (!ids.insert(token.id).second) tokenizer_json::fail(name, what + " has the same id as another");
    const auto known = vocabulary.find(token.content);
    const std::size_t expected = known != vocabulary.end() ? static_cast<std::size_t>(known->second) : next_id++;
    if (static_cast<std::size_t>(token.id) != expected) {
      tokenizer_json::fail(name, what + " has id " + std::to_string(token.id) + ", but the vocabulary makes it " +
                                     std::to_string(expected));
    }
  }
  return tokens;
}

AddedTokenMatcher::AddedTokenMatcher(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  for (const AddedToken& token : tokens_) {
    by_content_.emplace(token.content, &token);
    lengths_[static_cast<unsigned char>(token.content.front())].push_back(token.content.size());
  }
  for (auto& lengths : lengths_) {
    std::sort(lengths.begin(), lengths.end(), std::greater<>());
    lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
  }
}

const AddedToken* AddedTokenMatcher::longest_at(std::string_view text, std::size_t at) const {
  for (const std::size_t length : lengths_[static_cast<unsigned char>(text[at])]) {
    if (length > text.size() - at) continue;
    const auto found = by_content_.find(text.substr(at, length));
    if (found != by_content_.end()) return found->second;
  }
  return nullptr;
}

std::vector<AddedTokenMatcher::Piece> AddedTokenMatcher::split(std::string_view text) const {
  std::vector<Piece> pieces;
  std::size_t done = 0;
  std::size_t at = 0;
  std::size_t run_end = 0;
  while (at < text.size()) {
    const AddedToken* token = tokens_.empty() ? nullptr : longest_at(text, at);
    if (token == nullptr) {
      ++at;
      continue;
    }
    std::size_t start = at;
    std::size_t stop = at + token->content.size();
    at = stop;  // the search goes on behind a match even if it is dropped below
    if (token->single_word) {
      std::size_t after = stop;
      if (start > 0 && unicode::is_word(utf8::before(text, start))) continue;
      if (stop < text.size() && unicode::is_word(utf8::next(text, after))) continue;
    }
    if (token->lstrip) {
      std::size_t left = start;
      while (left > done && unicode::is_space(utf8::before(text, left))) {
        do --left;
        while ((static_cast<unsigned char>(text[left]) & 0xC0) == 0x80);
      }
      start = std::max(left, done);
    }
    if (token->rstrip) {
      // Remember the end of the run: tokens that are white space would look for it again and again.
      if (stop > run_end) run_end = end_of_spaces(text, stop);
      stop = run_end;
    }
    if (done < start) pieces.push_back({text.substr(done, start - done), -1});
    // A token is dropped if the one before it has stripped all of its characters.
    if (start < stop) pieces.push_back({text.substr(start, stop - start), token->id});
    done = stop;
  }
  if (done != text.size()) pieces.push_back({text.substr(done), -1});
  return pieces;
}

}  // namespace zimage
