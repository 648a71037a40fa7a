// Damaged, hostile and unsupported tokenizer.json files give one kModel error that names the file, and nothing else.
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "support/catch.h"
#include "support/fixtures_tokenizer.h"
#include "tokenizer/pretokenizer.h"
#include "tokenizer/tokenizer.h"
#include "zimage/error.h"

using nlohmann::json;
using zimage::Error;
using zimage::ErrorCode;
using zimage::Tokenizer;

namespace {

/// Returns the error's message, or "" if there is none; fails the test for any code but kModel.
std::string refusal(const std::string& text) {
  try {
    Tokenizer::from_json(text, "some/tokenizer.json");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kModel);
    CHECK(error.message().rfind("some/tokenizer.json", 0) == 0);
    CHECK(error.message().find('\n') == std::string::npos);
    return error.message();
  }
  return "";
}

/// Returns a tokenizer.json with one value replaced, or with `erase` removed.
std::string with(const std::string& pointer, const json& value, bool erase = false) {
  json file = zimage::test::small_tokenizer();
  const json::json_pointer at(pointer);
  if (erase) {
    file[at.parent_pointer()].erase(at.back());
  } else {
    file[at] = value;
  }
  return file.dump();
}

json added(const char* content, json id) {
  return {{"id", std::move(id)}, {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false},     {"normalized", false}, {"special", true}};
}

}  // namespace

TEST_CASE("the small tokenizer is accepted", "[tokenizer]") {
  const auto tokenizer = Tokenizer::from_json(zimage::test::small_tokenizer().dump(), "small");
  CHECK(tokenizer.vocab_size() == 260);
  CHECK(tokenizer.encode("ab<x>c") == std::vector<std::int64_t>{256, 258, 'c' - '!'});
  CHECK(tokenizer.encode("").empty());
}

TEST_CASE("a file that is no tokenizer.json is a model error", "[tokenizer]") {
  const std::vector<std::string> texts = {"",
                                          " ",
                                          "{",
                                          "null",
                                          "[]",
                                          "3",
                                          "\"x\"",
                                          "{}",
                                          "{\"model\":",
                                          std::string(100'000, '['),
                                          "\xFF\xFE",
                                          "{\"a\":\"\xC3\"}",
                                          zimage::test::small_tokenizer().dump().substr(0, 500),
                                          "{\"model\": {\"type\": \"BPE\"}}",
                                          std::string("{\0}", 3)};
  for (const std::string& text : texts) {
    INFO(text.substr(0, 80));
    CHECK(!refusal(text).empty());
  }
}

TEST_CASE("unsupported and contradictory parts are refused by name", "[tokenizer]") {
  struct Case {
    std::string pointer;
    json value;
    std::string says;
  };
  const json split = {{"type", "Split"}, {"pattern", {{"Regex", "a+"}}}, {"behavior", "Isolated"}, {"invert", false}};
  const json bytes = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
  const auto sequence = [](std::vector<json> steps) { return json{{"type", "Sequence"}, {"pretokenizers", steps}}; };
  const auto pattern = [&](json value) {
    json step = split;
    step["pattern"] = std::move(value);
    return sequence({step, bytes});
  };
  const std::vector<Case> cases = {
      {"/version", "2.0", "version"},
      {"/normalizer", {{"type", "NFKC"}}, "NFKC"},
      {"/normalizer", 5, "normalizer"},
      {"/normalizer", {{"type", "Sequence"}, {"normalizers", {{{"type", "Lowercase"}}}}}, "NFC"},
      {"/normalizer", {{"type", "Sequence"}, {"normalizers", 1}}, "normalizers"},
      {"/pre_tokenizer", nullptr, "pre_tokenizer"},
      {"/pre_tokenizer", {{"type", "Whitespace"}}, "Whitespace"},
      {"/pre_tokenizer", sequence({}), "ByteLevel"},
      {"/pre_tokenizer", sequence({split}), "ByteLevel"},
      {"/pre_tokenizer", sequence({bytes, split}), "last"},
      {"/pre_tokenizer", sequence({json(4)}), "pretokenizers"},
      {"/pre_tokenizer", {{"type", "Sequence"}}, "pretokenizers"},
      {"/pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", true}}, "add_prefix_space"},
      {"/pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", 0}}, "add_prefix_space"},
      {"/pre_tokenizer", pattern("a"), "pattern"},
      {"/pre_tokenizer", pattern({{"Regex", 1}}), "Regex"},
      {"/pre_tokenizer", pattern({{"Glob", "*"}}), "String"},
      {"/pre_tokenizer", pattern({{"Regex", "(a"}}), "wrong at byte"},
      {"/pre_tokenizer", pattern({{"Regex", "a*"}}), "empty string"},
      {"/pre_tokenizer", pattern({{"String", ""}}), "empty string"},
      {"/pre_tokenizer", pattern({{"Regex", R"(\h+)"}}), "escape"},
      {"/pre_tokenizer", pattern({{"Regex", "[a[b]]"}}), "class"},
      {"/model", nullptr, "model"},
      {"/model/type", "Unigram", "BPE"},
      {"/model/dropout", 0.1, "dropout"},
      {"/model/dropout", "0", "dropout"},
      {"/model/continuing_subword_prefix", "##", "continuing_subword_prefix"},
      {"/model/end_of_word_suffix", "</w>", "end_of_word_suffix"},
      {"/model/ignore_merges", "yes", "ignore_merges"},
      {"/model/vocab", json::array(), "vocab"},
      {"/model/vocab", json::object(), "byte-level"},
      {"/model/vocab/a", -1, "\"a\""},
      {"/model/vocab/a", 1.5, "\"a\""},
      {"/model/vocab/a", "7", "\"a\""},
      {"/model/vocab/a", 4294967296, "\"a\""},
      {"/model/vocab/a", 2147483647, "\"a\""},
      {"/model/vocab/a", 3, "same id"},
      {"/model/merges", "a b", "merges"},
      {"/model/merges/0", 1, "merge 0"},
      {"/model/merges/1", {"a"}, "merge 1"},
      {"/model/merges/0", "a  b", "merge 0"},
      {"/model/merges/0", "ab", "merge 0"},
      {"/model/merges/0", "a z", "isn't in the vocabulary"},
      {"/model/merges/0", "q\u4e2d b", "isn't in the vocabulary"},
      {"/added_tokens", 1, "added_tokens"},
      {"/added_tokens/0", "x", "added_tokens"},
      {"/added_tokens/0/content", "", "empty"},
      {"/added_tokens/0/content", 1, "content"},
      {"/added_tokens/0/id", -1, "id"},
      {"/added_tokens/0/id", 4, "vocabulary makes it"},
      {"/added_tokens/0/id", 259, "id"},
      {"/added_tokens/0/lstrip", 1, "lstrip"},
      {"/added_tokens/1", added("<x>", 259), "twice"},
      {"/added_tokens/1", added("a", 300), "vocabulary makes it"},
  };
  for (const Case& one : cases) {
    INFO(one.pointer << " = " << one.value.dump());
    const std::string message = refusal(with(one.pointer, one.value));
    CAPTURE(message);
    CHECK(message.find(one.says) != std::string::npos);
  }
  for (const char* gone : {"/model/vocab", "/model/merges", "/model/type", "/pre_tokenizer", "/model",
                           "/added_tokens/0/normalized", "/added_tokens/0/id", "/added_tokens/0/special"}) {
    INFO(gone);
    CHECK(!refusal(with(gone, nullptr, true)).empty());
  }
}

TEST_CASE("every value of the wrong type is a model error or changes nothing", "[tokenizer]") {
  const std::vector<json> junk = {nullptr, true, -1, 1e300, "x", json::array({1}), {{"k", 1}}, 18446744073709551615ULL};
  const json flat = zimage::test::small_tokenizer().flatten();
  std::size_t refused = 0;
  for (const auto& [pointer, unused] : flat.items()) {
    for (const json& value : junk) refused += refusal(with(pointer, value)).empty() ? 0 : 1;
  }
  CHECK(refused > flat.size() * 4);  // most of it matters
}

TEST_CASE("flipped bytes never cause worse than a model error", "[tokenizer]") {
  const std::string good = zimage::test::small_tokenizer().dump();
  std::mt19937 random(1);
  std::size_t refused = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string text = good;
    for (int i = 0; i < 3; ++i) text[random() % text.size()] = static_cast<char>(random() % 256);
    refused += refusal(text).empty() ? 0 : 1;
  }
  CHECK(refused > 500);
}

TEST_CASE("a pattern that backtracks without end is stopped", "[tokenizer]") {
  using zimage::Split;
  const Split split(R"((?:a|aa)+(?=[bc]))", true, Split::Behavior::kIsolated, false, "some/tokenizer.json");
  const std::string text(5000, 'a');
  try {
    split.apply({text});
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kModel);
  }
}

TEST_CASE("patterns are accepted only if both engines agree on them", "[tokenizer]") {
  using zimage::why_not_portable;
  for (
      const char* good :
      {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
       R"(\p{N}{1,3}|[a-z]+?|(?:ab)++|\.\[\]|[^\]x-]+)"}) {
    CHECK(why_not_portable(good) == "");
  }
  for (const char* bad :
       {R"(\h)",   R"(\w)", R"(\b)",   R"(\x{41})", R"(\p{Han})", R"(\p{^L})",   R"(\pL)",  "[[:alpha:]]",
        "[a&&b]",  "[]a]",  "(?<n>a)", "(*UTF)a",   "(?i)a",      "(?i:\\p{L})", "(?i:ss)", "(?i:first)",
        "(?<=a)b", ".",     "^a",      "a$",        "a{2}+",      "a{1}?",       "a{x}",    "a{",
        "[a",      "\\",    "(?i:a",   "a]",        "\\Qa",       "\\p",         "\\p{",    "a{,}"}) {
    INFO(bad);
    CHECK(why_not_portable(bad) != "");
  }
}
