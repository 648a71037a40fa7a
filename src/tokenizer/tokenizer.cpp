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
#include "zimage/error.h"

namespace zimage {

using nlohmann::json;

struct Tokenizer::Impl {
  bool normalize = false;
  AddedTokenMatcher raw_tokens;         ///< matched in the text as it is
  AddedTokenMatcher normalized_tokens;  ///< matched after normalisation
  std::vector<Split> splits;
  Bpe bpe;
  std::int64_t vocab_size = 0;
};

namespace {

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

  std::vector<AddedToken> raw, normalized;
  std::set<std::string> contents;  // of the normalised tokens
  for (AddedToken& token : read_added_tokens(file, impl->bpe.vocabulary(), name)) {
    impl->vocab_size = std::max<std::int64_t>(impl->vocab_size, token.id + 1);
    if (token.normalized && impl->normalize) token.content = unicode::nfc(token.content);
    if (token.normalized && !contents.insert(token.content).second) {
      tokenizer_json::fail(name, "two added tokens are the same once normalised: " + in_quotes(token.content));
    }
    (token.normalized ? normalized : raw).push_back(std::move(token));
  }
  impl->raw_tokens = AddedTokenMatcher(std::move(raw));
  impl->normalized_tokens = AddedTokenMatcher(std::move(normalized));
  for (const auto& entry : impl->bpe.vocabulary()) {
    impl->vocab_size = std::max<std::int64_t>(impl->vocab_size, entry.second + 1);
  }
  return Tokenizer(std::move(impl));
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
