// Tokenizers from the program's own file and from a GGUF's vocabulary: agreement with the `tokenizers` package
// (scripts/make_tokenizer_fixtures.py) and with each other, and vocabularies that contradict themselves.
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.h"
#include "support/files.h"
#include "support/fixtures_tokenizer.h"
#include "tokenizer/bpe.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/vocabulary.h"
#include "zimage/error.h"

using nlohmann::json;
using zimage::Error;
using zimage::ErrorCode;
using zimage::GgufVocabulary;
using zimage::Tokenizer;
using Ids = std::vector<std::int64_t>;

namespace {

std::string read(const std::string& path) {
  const zimage::test::Bytes bytes = zimage::test::read(std::string(ZIMAGE_SOURCE_DIR "/") + path);
  return {bytes.begin(), bytes.end()};
}

const std::string& bundled_text() {
  static const std::string text = read("data/tokenizer/qwen3.merges");
  return text;
}

const Tokenizer& bundled() {
  static const Tokenizer tokenizer = Tokenizer::from_merges(bundled_text(), "qwen3.merges");
  return tokenizer;
}

json bundled_cases() { return json::parse(read("tests/fixtures/tokenizer/bundled.json")).at("cases"); }

/// A GGUF's vocabulary with the text that it refers to.
struct OwnVocabulary {
  std::string model = "gpt2", pre = "qwen2";
  std::vector<std::string> tokens, merges;
  std::vector<std::int32_t> types;

  void add(std::string token, std::int32_t type) {
    tokens.push_back(std::move(token));
    types.push_back(type);
  }
  GgufVocabulary view() const {
    return {.model = model,
            .pre = pre,
            .tokens = {tokens.begin(), tokens.end()},
            .token_type = types,
            .merges = {merges.begin(), merges.end()}};
  }
};

/// Spells the tokens of merges that are pairs of ids, as llama.cpp's converter does; ids up to `size` are padding.
OwnVocabulary spelled_as_gguf(const std::string& text, std::size_t size) {
  OwnVocabulary spelled;
  for (unsigned c = '!'; c < 0x100; ++c) {
    if (c <= '~' || (c >= 0xA1 && c != 0xAD)) spelled.add(zimage::test::utf8_of(c), 1);
  }
  for (unsigned c = 0x100; spelled.tokens.size() < 256; ++c) spelled.add(zimage::test::utf8_of(c), 1);
  const auto file = zimage::read_merges_file(text, "a file");
  for (const auto& [left, right] : file.merges) {
    const std::string& first = spelled.tokens.at(static_cast<std::size_t>(left));
    const std::string& second = spelled.tokens.at(static_cast<std::size_t>(right));
    spelled.merges.push_back(first + " " + second);
    spelled.add(first + second, 1);
  }
  for (const auto& token : file.added) spelled.add(token.content, token.content.rfind("<|", 0) == 0 ? 3 : 4);
  while (spelled.tokens.size() < size) spelled.add("[PAD" + std::to_string(spelled.tokens.size()) + "]", 5);
  return spelled;
}

const std::string kSmallMerges = "64 65\n256 256\n\n<|x\ny!\n";  // '!' has the id 0, so 64 is 'a'
OwnVocabulary small() { return spelled_as_gguf(kSmallMerges, 264); }

/// Returns the error's message, or "" if there is none; fails the test for any code but kModel.
std::string refusal(const std::function<void()>& make) {
  try {
    make();
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kModel);
    CHECK(error.message().rfind("some/file: ", 0) == 0);
    CHECK(error.message().find('\n') == std::string::npos);
    return error.message();
  }
  return "";
}
std::string refusal(const OwnVocabulary& vocabulary) {
  return refusal([&] { Tokenizer::from_vocabulary(vocabulary.view(), "some/file"); });
}
std::string refusal(const std::string& merges) {
  return refusal([&] { Tokenizer::from_merges(merges, "some/file"); });
}

}  // namespace

TEST_CASE("the bundled tokenizer gives the ids of the tokenizers package", "[tokenizer]") {
  CHECK(bundled().vocab_size() == 151669);
  const json cases = bundled_cases();
  REQUIRE(cases.size() >= 250);
  for (const json& one : cases) {
    INFO(one.at("text"));
    CHECK(bundled().encode(one.at("text").get<std::string>()) == one.at("ids").get<Ids>());
  }
}

TEST_CASE("the bundled tokenizer gives the ids that are published for Qwen2", "[tokenizer]") {
  // These are from llama.cpp's models/ggml-vocab-qwen2.gguf.out, which its authors made with Qwen2's own tokenizer.
  CHECK(bundled().encode(" Hello, world!") == Ids{21927, 11, 1879, 0});
  CHECK(bundled().encode("ied 4 ½ months") == Ids{1122, 220, 19, 220, 26062, 3951});
  CHECK(bundled().encode(
            "\u043d\u0435\u0449\u043e \u043d\u0430 \u0411\u044a\u043b\u0433\u0430\u0440\u0441\u043a\u0438") ==
        Ids{78762, 14144, 1456, 13073, 63471, 33594, 3038, 133178, 79012});
  CHECK(bundled().encode("Hello, y'all! How are you 😁 ?我想在apple工作1314151天～") ==
        Ids{9707,  11,    379,   64848, 0,  2585, 525, 498, 26525, 223, 937,   104100,
            18493, 22377, 99257, 16,    18, 16,   19,  16,  20,    16,  35727, 21216});
  CHECK(bundled().encode("<|im_start|>user\n<think></think><|im_end|>\n<|im_start|>assistant\n") ==
        Ids{151644, 872, 198, 151667, 151668, 151645, 198, 151644, 77091, 198});
}

TEST_CASE("a GGUF with the same tokens gives the same ids", "[tokenizer]") {
  const auto gguf = Tokenizer::from_vocabulary(spelled_as_gguf(bundled_text(), 151936).view(), "a.gguf");
  CHECK(gguf.vocab_size() == 151669);  // padding has no id
  for (const json& one : bundled_cases()) {
    INFO(one.at("text"));
    CHECK(gguf.encode(one.at("text").get<std::string>()) == one.at("ids").get<Ids>());
  }
}

TEST_CASE("a GGUF's added tokens are control and user-defined ones", "[tokenizer]") {
  const auto gguf = Tokenizer::from_vocabulary(small().view(), "small.gguf");
  const auto merges = Tokenizer::from_merges(kSmallMerges, "small.merges");
  const auto id = [](char c) { return static_cast<std::int64_t>(c - '!'); };
  for (const Tokenizer* tokenizer : {&gguf, &merges}) {
    CHECK(tokenizer->vocab_size() == 260);
    CHECK(tokenizer->encode("ab<|xc") == Ids{256, 258, id('c')});
    CHECK(tokenizer->encode("ababy!ab y") == Ids{257, 259, 256, 220, id('y')});
    CHECK(tokenizer->encode("[PAD261]").size() == 8);
    CHECK(tokenizer->encode("e\u0301") == tokenizer->encode("\u00e9"));
    CHECK(tokenizer->encode("").empty());
  }
  // Qwen's pattern takes digits one by one, so that no merge of two applies, but marks together; '1' has the id 16.
  CHECK(Tokenizer::from_merges("16 16\n0 0\n", "a file").encode("11!!") == Ids{16, 16, 257});
  // An added token goes before an ordinary one that is spelled alike, and ids need no order.
  OwnVocabulary other = small();
  std::swap(other.tokens[256], other.tokens[263]);
  std::swap(other.types[256], other.types[263]);
  other.tokens[261] = "abab";
  other.types[261] = 4;
  const auto moved = Tokenizer::from_vocabulary(other.view(), "other.gguf");
  CHECK(moved.vocab_size() == 264);
  CHECK(moved.encode("ababab") == Ids{261, 263});
}

TEST_CASE("a GGUF's vocabulary that contradicts itself is refused", "[tokenizer]") {
  REQUIRE(refusal(small()).empty());
  const auto kind = [](std::string model, std::string pre) {
    OwnVocabulary vocabulary = small();
    vocabulary.model = std::move(model);
    vocabulary.pre = std::move(pre);
    return vocabulary;
  };
  const auto token = [](std::size_t id, std::string spelling) {
    OwnVocabulary vocabulary = small();
    vocabulary.tokens.at(id) = std::move(spelling);
    return vocabulary;
  };
  const auto type = [](std::size_t id, std::int32_t value) {
    OwnVocabulary vocabulary = small();
    vocabulary.types.at(id) = value;
    return vocabulary;
  };
  const auto merge = [](std::size_t number, std::string line) {
    OwnVocabulary vocabulary = small();
    vocabulary.merges.at(number) = std::move(line);
    return vocabulary;
  };
  const auto sizes = [](std::size_t tokens, std::size_t types, std::size_t merges) {
    OwnVocabulary vocabulary = small();
    vocabulary.tokens.resize(tokens);
    vocabulary.types.resize(types);
    vocabulary.merges.resize(merges);
    return vocabulary;
  };
  const std::vector<std::pair<OwnVocabulary, std::string>> cases = {
      {kind("llama", "qwen2"), "\"tokenizer.ggml.model\" is \"llama\", but only \"gpt2\""},
      {kind("", "qwen2"), "\"tokenizer.ggml.model\" is missing"},
      {kind("gpt2", "llama-bpe"), "\"tokenizer.ggml.pre\" is \"llama-bpe\", but only \"qwen2\""},
      {kind("gpt2", "qwen2\n"), "\"qwen2\\n\""},
      {sizes(264, 263, 2), "264 tokens and 263 types"},
      {sizes(264, 0, 2), "264 tokens and 0 types"},
      {sizes(0, 0, 2), "byte-level"},
      {sizes(264, 264, 0), "no merges"},
      {type(7, 2), "token 7, \"(\", has the type 2"},
      {type(7, 6), "has the type 6"},
      {type(7, -1), "has the type -1"},
      {type(7, 5), "byte 40"},
      {token(7, ""), "token 7 is empty"},
      {token(7, "a"), "token \"a\" has two ids, 7 and 64"},
      {token(258, ""), "added token 258, \"\", is empty"},
      {token(258, "y!"), "added token 259, \"y!\", is there twice"},
      {token(258, "\xC3"), "isn't valid UTF-8"},
      {token(258, "x\xF0\x9F"), "isn't valid UTF-8"},
      {token(257, "bab"), "merge 1: \"abab\" isn't in the vocabulary"},
      {type(256, 3), "merge 0: \"ab\" isn't in the vocabulary"},
      {type(256, 5), "merge 0: \"ab\" isn't in the vocabulary"},
      {merge(0, "ab"), "merge 0 isn't two tokens"},
      {merge(0, "a b "), "merge 0 isn't two tokens"},
      {merge(0, ""), "merge 0 isn't two tokens"},
      {merge(0, "ab "), "merge 0: \"\" isn't in the vocabulary"},
      {merge(0, "a \xFF"), "isn't in the vocabulary"},
      {merge(1, "a b"), "merge 1, \"a b\", was there before"},
  };
  for (const auto& [vocabulary, says] : cases) {
    const std::string message = refusal(vocabulary);
    INFO(says);
    CAPTURE(message);
    CHECK(message.find(says) != std::string::npos);
  }
}

TEST_CASE("a file of merges that is damaged is refused", "[tokenizer]") {
  REQUIRE(refusal(kSmallMerges).empty());
  CHECK(refusal("64 65").empty());
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "no merges"},
      {"\n<x>\n", "no merges"},
      {"64\n", "line 1 isn't two ids"},
      {"64 \n", "line 1 isn't two ids"},
      {"64 65 66\n", "line 1 isn't two ids"},
      {"64  65\n", "line 1 isn't two ids"},
      {" 64 65\n", "line 1 isn't two ids"},
      {"64 65\r\n", "line 1 isn't two ids"},
      {"64 65\na b\n", "line 2 isn't two ids"},
      {"64 99999999999\n", "line 1 isn't two ids"},
      {std::string("64 65\0\n", 7), "line 1 isn't two ids"},
      {"64 256\n", "merge 0 isn't made of tokens before it"},
      {"64 65\n257 64\n", "merge 1 isn't made of tokens before it"},
      {"-1 65\n", "merge 0 isn't made of tokens before it"},
      {"64 2147483647\n", "merge 0 isn't made of tokens before it"},
      {"64 65\n64 65\n", "merge 1 was there before"},
      {"64 65\n\n<x>\n\n", "added token 258, \"\", is empty"},
      {"64 65\n\n<x>\n<x>\n", "added token 258, \"<x>\", is there twice"},
      {"64 65\n\n\xE2\x82\n", "isn't valid UTF-8"},
  };
  for (const auto& [text, says] : cases) {
    const std::string message = refusal(text);
    INFO(json(says).dump());
    CAPTURE(message);
    CHECK(message.find(says) != std::string::npos);
  }
}

TEST_CASE("a vocabulary with flipped bytes never does worse than a model error", "[tokenizer]") {
  std::mt19937 random(1);
  const OwnVocabulary good = small();
  std::size_t refused = 0;
  for (int round = 0; round < 2000; ++round) {
    OwnVocabulary bad = good;
    std::string text = kSmallMerges;
    for (int i = 0; i < 3; ++i) {
      std::string& token = bad.tokens[random() % bad.tokens.size()];
      token[random() % token.size()] = static_cast<char>(random() % 256);
      text[random() % text.size()] = static_cast<char>(random() % 256);
    }
    const auto sound = [&](const std::string& message, const std::function<Tokenizer()>& make) {
      if (message.empty()) CHECK(make().encode("ab<|xcababy!é猫").size() >= 5);
      return message.empty() ? 0U : 1U;
    };
    refused += sound(refusal(bad), [&] { return Tokenizer::from_vocabulary(bad.view(), "some/file"); });
    refused += sound(refusal(text), [&] { return Tokenizer::from_merges(text, "some/file"); });
  }
  CHECK(refused > 1000);
  CHECK(refused < 4000);
}
