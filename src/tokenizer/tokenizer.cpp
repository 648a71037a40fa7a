#include "tokenizer/tokenizer.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/strict_json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "tokenizer/bpe.h"
#include "tokenizer/pretokenizer.h"
#include "tokenizer/tokenizer_added.h"
#include "tokenizer/tokenizer_json.h"
#include "tokenizer/unicode.h"
#include "tokenizer/vocabulary.h"
#include "zimage/error.h"

namespace zimage {

using nlohmann::json;

struct Tokenizer::Impl {
  /// Makes a tokenizer with the NFC and the split pattern of Qwen2 and Qwen3.
  static std::unique_ptr<Impl> like_qwen(Bpe bpe, std::vector<AddedToken> added, const std::string& name);
  /// Takes the added tokens when the rest is there.
  void add_tokens(std::vector<AddedToken> tokens, const std::string& name);

  bool normalize = false;
  AddedTokenMatcher raw_tokens;         ///< matched in the text as it is
  AddedTokenMatcher normalized_tokens;  ///< matched after normalisation
  std::vector<Split> splits;
  Bpe bpe;
  std::int64_t vocab_size = 0;
};

void Tokenizer::Impl::add_tokens(std::vector<AddedToken> tokens, const std::string& name) {
  vocab_size = bpe.next_id();
  std::vector<AddedToken> raw, normalized;
  std::set<std::string> contents;  // of the normalised tokens
  for (AddedToken& token : tokens) {
    vocab_size = std::max<std::int64_t>(vocab_size, token.id + 1);
    if (token.normalized && normalize) token.content = unicode::nfc(token.content);
    if (token.normalized && !contents.insert(token.content).second) {
      tokenizer_json::fail(name, "two added tokens are the same once normalised: " + in_quotes(token.content));
    }
    (token.normalized ? normalized : raw).push_back(std::move(token));
  }
  raw_tokens = AddedTokenMatcher(std::move(raw));
  normalized_tokens = AddedTokenMatcher(std::move(normalized));
}

namespace {

// "Split" of the tokenizer.json of Qwen2 and Qwen3, and what llama.cpp means by the pre-tokenizer "qwen2".
constexpr const char* kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// Returns whether text is normalised (NFC); any other normalizer is refused.
bool read_normalizer(const json& value, const std::string& name) {
  if (value.is_null()) return false;
  if (!value.is_object()) tokenizer_json::fail(name, "\"normalizer\" isn't an object");
  const std::string type = tokenizer_json::text(value, "type", name);
  if (type == "NFC") return true;
  if (type != "Sequence") {
    tokenizer_json::fail(name, "the normalizer " + in_quotes(type) + " isn't supported");
  }
  const auto list = value.find("normalizers");
  if (list == value.end() || !list->is_array()) tokenizer_json::fail(name, "\"normalizers\" isn't an array");
  for (const json& entry : *list) {
    if (!entry.is_object() || tokenizer_json::text(entry, "type", name) != "NFC") {
      tokenizer_json::fail(name, "a normalizer other than NFC isn't supported");
    }
  }
  return !list->empty();
}

}  // namespace

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

Tokenizer Tokenizer::from_json(std::string_view text, const std::string& name) {
  const json file = parse_strict_json(text, name);
  if (file.contains("version") && tokenizer_json::text(file, "version", name) != "1.0") {
    tokenizer_json::fail(name, "\"version\" isn't 1.0");
  }
  auto impl = std::make_unique<Impl>();
  impl->normalize = read_normalizer(file.value("normalizer", json()), name);
  impl->splits = read_pre_tokenizer(file, name);
  const auto model = file.find("model");
  if (model == file.end()) tokenizer_json::fail(name, "there is no \"model\"");
  impl->bpe = Bpe::from_json(*model, name);
  impl->add_tokens(read_added_tokens(file, impl->bpe.vocabulary(), name), name);
  return Tokenizer(std::move(impl));
}

std::unique_ptr<Tokenizer::Impl> Tokenizer::Impl::like_qwen(Bpe bpe, std::vector<AddedToken> added,
                                                            const std::string& name) {
  auto impl = std::make_unique<Impl>();
  impl->normalize = true;
  impl->splits.emplace_back(kQwen2Pattern, true, Split::Behavior::kIsolated, false, name);
  impl->bpe = std::move(bpe);
  impl->add_tokens(std::move(added), name);
  return impl;
}

Tokenizer Tokenizer::from_vocabulary(const GgufVocabulary& vocabulary, const std::string& name) {
  SortedTokens tokens = sort_tokens(vocabulary, name);
  Bpe bpe = Bpe::from_merges(tokens.ordinary, vocabulary.merges, name);
  return Tokenizer(Impl::like_qwen(std::move(bpe), std::move(tokens.added), name));
}

Tokenizer Tokenizer::from_merges(std::string_view text, const std::string& name) {
  MergesFile file = read_merges_file(text, name);
  return Tokenizer(Impl::like_qwen(Bpe::from_pairs(file.merges, name), std::move(file.added), name));
}

std::vector<std::int64_t> Tokenizer::encode(std::string_view text) const {
  const std::size_t wrong = utf8::first_invalid(text);
  if (wrong != utf8::kValid) {
    throw Error(ErrorCode::kUsage, "the prompt isn't valid UTF-8 (at byte " + std::to_string(wrong) + ")",
                "save or pass it as UTF-8 text");
  }
  std::vector<std::int64_t> ids;
  const auto encode_plain = [&](std::string_view plain) {
    std::vector<std::string_view> pieces = {plain};
    for (const Split& split : impl_->splits) pieces = split.apply(pieces);
    for (const std::string_view piece : pieces) impl_->bpe.encode(piece, ids);
  };
  for (const auto& outer : impl_->raw_tokens.split(text)) {
    if (outer.id >= 0) {
      ids.push_back(outer.id);
      continue;
    }
    const std::string normalized = impl_->normalize ? unicode::nfc(outer.text) : std::string(outer.text);
    for (const auto& piece : impl_->normalized_tokens.split(normalized)) {
      if (piece.id >= 0) {
        ids.push_back(piece.id);
      } else {
        encode_plain(piece.text);
      }
    }
  }
  return ids;
}

std::int64_t Tokenizer::vocab_size() const { return impl_->vocab_size; }

}  // namespace zimage
