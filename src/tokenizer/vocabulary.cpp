#include "tokenizer/vocabulary.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <limits>
#include <set>
#include <system_error>

#include "base/text.h"
#include "base/utf8.h"
#include "tokenizer/tokenizer_json.h"

namespace zimage {

namespace {

// The values of gguf.TokenType that a byte-level BPE has; it has no unknown token (2), and its bytes (6) are ordinary.
enum TokenType : std::int32_t { kOrdinary = 1, kControl = 3, kUserDefined = 4, kUnused = 5 };

void check_kind(const GgufVocabulary& vocabulary, const std::string& name) {
  const auto must_be = [&](const char* key, std::string_view value, const char* expected) {
    if (value == expected) return;
    const std::string what = concat({"the vocabulary's \"tokenizer.ggml.", key, "\" is "});
    tokenizer_json::fail(name, concat({what, value.empty() ? "missing" : in_quotes(value), ", but only \"", expected,
                                       "\" can be read"}));
  };
  must_be("model", vocabulary.model, "gpt2");
  must_be("pre", vocabulary.pre, "qwen2");
  if (vocabulary.tokens.size() != vocabulary.token_type.size()) {
    tokenizer_json::fail(name, concat({"the vocabulary has ", std::to_string(vocabulary.tokens.size()), " tokens and ",
                                       std::to_string(vocabulary.token_type.size()), " types of tokens"}));
  }
  if (vocabulary.tokens.size() >= std::numeric_limits<std::int32_t>::max()) {
    tokenizer_json::fail(name, "the vocabulary has more tokens than ids");
  }
  if (vocabulary.merges.empty()) tokenizer_json::fail(name, "the vocabulary has no merges");
}

/// Collects added tokens. Added tokens match text before anything else looks at it, so one that isn't UTF-8 would cut
/// characters apart.
class AddedTokens {
 public:
  explicit AddedTokens(const std::string& name) : name_(name) {}

  void add(std::string_view content, std::size_t id) {
    const char* wrong = content.empty()                     ? "is empty"
                        : !utf8::is_valid(content)          ? "isn't valid UTF-8"
                        : !contents_.insert(content).second ? "is there twice"
                                                            : nullptr;
    if (wrong != nullptr) {
      tokenizer_json::fail(name_, concat({"added token ", std::to_string(id), ", ", in_quotes(content), ", ", wrong}));
    }
    tokens_.push_back({.content = std::string(content), .id = static_cast<std::int32_t>(id)});
  }
  std::vector<AddedToken> take() { return std::move(tokens_); }

 private:
  const std::string& name_;
  std::set<std::string_view> contents_;
  std::vector<AddedToken> tokens_;
};

/// Reads a whole number from the front of `text`; returns whether there was one.
bool take_id(std::string_view& text, std::int32_t& id) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return error == std::errc();
}

}  // namespace

SortedTokens sort_tokens(const GgufVocabulary& vocabulary, const std::string& name) {
  check_kind(vocabulary, name);
  SortedTokens sorted;
  sorted.ordinary.resize(vocabulary.tokens.size());
  AddedTokens added(name);
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const std::string_view token = vocabulary.tokens[id];
    switch (vocabulary.token_type[id]) {
      case kOrdinary:
        if (token.empty()) tokenizer_json::fail(name, concat({"token ", std::to_string(id), " is empty"}));
        sorted.ordinary[id] = token;
        break;
      case kControl:
      case kUserDefined: added.add(token, id); break;
      case kUnused: break;
      default:
        tokenizer_json::fail(
            name, concat({"token ", std::to_string(id), ", ", in_quotes(token), ", has the type ",
                          std::to_string(vocabulary.token_type[id]), ", which a byte-level BPE doesn't have"}));
    }
  }
  sorted.added = added.take();
  return sorted;
}

MergesFile read_merges_file(std::string_view text, const std::string& name) {
  MergesFile file;
  AddedTokens added(name);
  std::size_t next_id = 256;
  bool merges = true;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (merges && line.empty()) {
      merges = false;
      continue;
    }
    const std::size_t id = next_id++;
    if (!merges) {
      added.add(line, id);
      continue;
    }
    std::pair<std::int32_t, std::int32_t> merge;
    const bool left = take_id(line, merge.first) && line.substr(0, 1) == " ";
    line.remove_prefix(left ? 1 : 0);
    if (!left || !take_id(line, merge.second) || !line.empty()) {
      tokenizer_json::fail(name,
                           concat({"line ", std::to_string(id - 255), " isn't two ids with a space between them"}));
    }
    file.merges.push_back(merge);
  }
  if (file.merges.empty()) tokenizer_json::fail(name, "there are no merges");
  file.added = added.take();
  return file;
}

}  // namespace zimage
