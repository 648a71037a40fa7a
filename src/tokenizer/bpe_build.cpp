#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "tokenizer/bpe.h"
#include "tokenizer/tokenizer_json.h"

namespace zimage {

using nlohmann::json;

namespace {

bool used_by_utf8(unsigned byte) { return byte != 0xC0 && byte != 0xC1 && byte < 0xF5; }

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

Bpe Bpe::from_merges(std::span<const std::string_view> tokens, std::span<const std::string_view> merges,
                     const std::string& name) {
  Bpe bpe;
  bpe.vocabulary_.reserve(tokens.size());
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    if (tokens[id].empty()) continue;
    const auto [entry, inserted] = bpe.vocabulary_.emplace(tokens[id], static_cast<std::int32_t>(id));
    if (!inserted) {
      tokenizer_json::fail(name, concat({"token ", in_quotes(tokens[id]), " has two ids, ",
                                         std::to_string(entry->second), " and ", std::to_string(id)}));
    }
  }
  bpe.find_bytes(name);
  bpe.merges_.reserve(merges.size());
  for (std::size_t number = 0; number < merges.size(); ++number) {
    bpe.add_merge(merges[number], number, name);
    if (bpe.merges_.size() != number + 1) {
      tokenizer_json::fail(
          name, concat({"merge ", std::to_string(number), ", ", in_quotes(merges[number]), ", was there before"}));
    }
  }
  return bpe;
}

Bpe Bpe::from_pairs(std::span<const std::pair<std::int32_t, std::int32_t>> merges, const std::string& name) {
  Bpe bpe;
  std::map<std::string_view, std::size_t> bytes;  // by spelling
  for (std::size_t byte = 0; byte < 256; ++byte) bytes.emplace(byte_alphabet()[byte], byte);
  std::int32_t id = 0;
  for (const auto& entry : bytes) bpe.byte_ids_[entry.second] = id++;
  bpe.merges_.reserve(merges.size());
  for (const auto& [left, right] : merges) {
    const auto rank = static_cast<std::uint32_t>(bpe.merges_.size());
    const bool known = left >= 0 && left < id && right >= 0 && right < id;
    if (!known || !bpe.merges_.emplace(pair_key(left, right), Merge{rank, id}).second) {
      tokenizer_json::fail(name, concat({"merge ", std::to_string(rank),
                                         known ? " was there before" : " isn't made of tokens before it"}));
    }
    ++id;
  }
  bpe.next_id_ = id;
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
  find_bytes(name);
}

/// Looks up the bytes, and the largest id, when the vocabulary is there.
void Bpe::find_bytes(const std::string& name) {
  for (const auto& entry : vocabulary_) next_id_ = std::max(next_id_, entry.second + 1);
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
  std::size_t number = 0;
  for (const json& merge : *merges) {
    if (pairs && merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      add_merge(merge[0].get_ref<const std::string&>(), merge[1].get_ref<const std::string&>(), number++, name);
    } else if (!pairs && merge.is_string()) {
      const auto& line = merge.get_ref<const std::string&>();
      if (line.rfind("#version", 0) != 0) add_merge(line, number, name);  // else the first line of a merges.txt
      ++number;
    } else {
      tokenizer_json::fail(
          name, "merge " + std::to_string(number) + " is neither a string nor a pair of strings, as the first one is");
    }
  }
}

void Bpe::add_merge(std::string_view line, std::size_t number, const std::string& name) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) {
    tokenizer_json::fail(name, "merge " + std::to_string(number) + " isn't two tokens with a space between them");
  }
  add_merge(std::string(line.substr(0, space)), std::string(line.substr(space + 1)), number, name);
}

void Bpe::add_merge(const std::string& left, const std::string& right, std::size_t number, const std::string& name) {
  const auto id = [&](const std::string& token) {
    const auto found = vocabulary_.find(token);
    if (found == vocabulary_.end()) {
      tokenizer_json::fail(
          name, concat({"merge ", std::to_string(number), ": ", in_quotes(token), " isn't in the vocabulary"}));
    }
    return found->second;
  };
  const std::uint64_t pair = pair_key(id(left), id(right));
  // A pair that comes twice takes the later rank.
  merges_.insert_or_assign(pair, Merge{static_cast<std::uint32_t>(number), id(left + right)});
}

}  // namespace zimage
