#include <array>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "tokenizer/pretokenizer.h"
#include "tokenizer/tokenizer_json.h"

namespace zimage {

using nlohmann::json;

namespace {

// GPT-2's pattern, which ByteLevel applies unless "use_regex" is false.
constexpr const char* kByteLevelPattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

Split::Behavior read_behavior(const json& step, const std::string& name) {
  const std::string text = tokenizer_json::text(step, "behavior", name);
  if (text == "Isolated") return Split::Behavior::kIsolated;
  if (text == "Removed") return Split::Behavior::kRemoved;
  if (text == "MergedWithPrevious") return Split::Behavior::kMergedWithPrevious;
  if (text == "MergedWithNext") return Split::Behavior::kMergedWithNext;
  if (text == "Contiguous") return Split::Behavior::kContiguous;
  tokenizer_json::fail(name, "the split behavior " + in_quotes(text) + " isn't supported");
}

Split read_split(const json& step, const std::string& name) {
  const auto pattern = step.find("pattern");
  if (pattern == step.end() || !pattern->is_object() || pattern->size() != 1) {
    tokenizer_json::fail(name, "a Split has no \"pattern\" object with one key");
  }
  const bool regex = pattern->contains("Regex");
  const std::string text = tokenizer_json::text(*pattern, regex ? "Regex" : "String", name);
  return Split(text, regex, read_behavior(step, name), tokenizer_json::flag(step, "invert", name), name);
}

}  // namespace

std::vector<Split> read_pre_tokenizer(const json& file, const std::string& name) {
  const auto found = file.find("pre_tokenizer");
  if (found == file.end() || !found->is_object()) tokenizer_json::fail(name, "\"pre_tokenizer\" isn't an object");
  std::vector<const json*> steps = {&*found};
  if (tokenizer_json::text(*found, "type", name) == "Sequence") {
    const auto list = found->find("pretokenizers");
    if (list == found->end() || !list->is_array()) tokenizer_json::fail(name, "\"pretokenizers\" isn't an array");
    steps.clear();
    for (const json& step : *list) steps.push_back(&step);
  }
  std::vector<Split> splits;
  bool byte_level = false;
  for (const json* step : steps) {
    if (!step->is_object()) tokenizer_json::fail(name, "an entry of \"pretokenizers\" isn't an object");
    if (byte_level) tokenizer_json::fail(name, "ByteLevel isn't the last pre-tokenizer");
    const std::string type = tokenizer_json::text(*step, "type", name);
    if (type == "Split") {
      splits.push_back(read_split(*step, name));
    } else if (type == "ByteLevel") {
      byte_level = true;
      if (tokenizer_json::flag(*step, "add_prefix_space", name)) {
        tokenizer_json::fail(name, "ByteLevel with \"add_prefix_space\" isn't supported");
      }
      if (!tokenizer_json::flag(*step, "use_regex", true, name)) continue;
      splits.emplace_back(kByteLevelPattern, true, Split::Behavior::kIsolated, false, name);
    } else {
      tokenizer_json::fail(name, "the pre-tokenizer " + in_quotes(type) + " isn't supported");
    }
  }
  if (!byte_level) tokenizer_json::fail(name, "there is no ByteLevel pre-tokenizer");
  return splits;
}

}  // namespace zimage
