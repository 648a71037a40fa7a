// Compares the tokenizer with the `tokenizers` package (scripts/make_tokenizer_fixtures.py), and tries hostile text.
#include "tokenizer/tokenizer.h"

#include <chrono>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "base/utf8.h"
#include "support/catch.h"
#include "tokenizer/unicode.h"
#include "zimage/error.h"

using nlohmann::json;
using zimage::Error;
using zimage::ErrorCode;
using zimage::Tokenizer;

namespace {

std::string read_fixture(const std::string& name) {
  std::ifstream file(ZIMAGE_SOURCE_DIR "/tests/fixtures/tokenizer/" + name, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  REQUIRE(text.str().size() > 1000);
  return text.str();
}

const Tokenizer& fixture(const std::string& name) {
  static std::map<std::string, Tokenizer> loaded;
  const auto found = loaded.find(name);
  if (found != loaded.end()) return found->second;
  return loaded.emplace(name, Tokenizer::from_json(read_fixture(name), name)).first->second;
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string result;
  result.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

}  // namespace

TEST_CASE("the ids equal those of the tokenizers package", "[tokenizer]") {
  const json cases = json::parse(read_fixture("cases.json")).at("cases");
  REQUIRE(cases.size() >= 300);
  for (const json& one : cases) {
    const auto text = repeated(one.at("text").get<std::string>(), one.at("repeat").get<std::size_t>());
    const auto expected = one.at("ids").get<std::vector<std::int64_t>>();
    INFO(one.at("tokenizer") << " " << one.at("text") << " x " << one.at("repeat"));
    CHECK(fixture(one.at("tokenizer").get<std::string>()).encode(text) == expected);
  }
}

TEST_CASE("merges mean the same whether they are pairs or strings", "[tokenizer]") {
  const auto& pairs = fixture("tokenizer.json");
  const auto& strings = fixture("tokenizer-strings.json");
  CHECK(pairs.vocab_size() == 1280);
  CHECK(strings.vocab_size() == 1280);
  const json cases = json::parse(read_fixture("cases.json")).at("cases");
  for (const json& one : cases) {
    const auto text = one.at("text").get<std::string>();
    INFO(one.at("text"));
    CHECK(pairs.encode(text) == strings.encode(text));
  }
}

TEST_CASE("text that isn't UTF-8 is a usage error", "[tokenizer]") {
  const std::vector<std::string> bad = {
      "\x80",           "a\xC3",    "\xC0\x80",     "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82",         "\xFF",
      "ok\xF0\x9F\x91", "\xC1\xBF", "\xE0\x80\x80", "\xF8\x88\x80", "\xF0\x80\x80",     "caf\xE9 on white", "\xBF\xBF"};
  for (const std::string& text : bad) {
    INFO(json(std::vector<unsigned char>(text.begin(), text.end())).dump());
    try {
      fixture("tokenizer.json").encode(text);
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kUsage);
      CHECK(error.message().find("UTF-8") != std::string::npos);
    }
  }
  CHECK(fixture("tokenizer.json").encode(std::string("a\0b", 3)).size() == 3);
}

TEST_CASE("long text takes time in proportion to its length", "[tokenizer]") {
  constexpr std::size_t kMegabyte = 1'000'000;
  const std::vector<std::string> units = {"a", "ab",           " ",  "\n",         " \n", "!",
                                          "é", "\u0301\u0323", "猫", "e\u0301",    "'s",  "<|im_end|>",
                                          "<", "\u1100\u1161", "1",  "\U0001F44D", "the "};
  for (const char* name : {"tokenizer.json", "flags.json"}) {
    const Tokenizer& tokenizer = fixture(name);
    for (const std::string& unit : units) {
      const std::string text = repeated(unit, kMegabyte / unit.size());
      const auto start = std::chrono::steady_clock::now();
      const auto ids = tokenizer.encode(text);
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
      INFO(name << ": " << json(unit).dump() << " " << taken.count() << " s");
      CHECK(!ids.empty());
      CHECK(ids.size() <= text.size());
      CHECK(taken.count() < 20.0);  // quadratic time would take minutes; sanitizers and busy machines need room
    }
  }
  // These are half a million marks of one class, then as many that belong before them.
  std::string marks = "q";
  marks += repeated("\u0301", kMegabyte / 4);
  marks += repeated("\u0323", kMegabyte / 4);
  const auto start = std::chrono::steady_clock::now();
  const std::string sorted = zimage::unicode::nfc(marks);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  CHECK(sorted.substr(0, 5) == "q\u0323\u0323");
  CHECK(sorted.size() == marks.size());
  CHECK(taken.count() < 20.0);
}

TEST_CASE("characters that the package's Unicode doesn't know are left alone", "[tokenizer]") {
  using zimage::unicode::nfc;
  using zimage::unicode::stand_in;
  CHECK(nfc("e\u0301") == "\u00e9");
  CHECK(nfc("\u00e9\u0323") == "\u1eb9\u0301");
  CHECK(nfc("q\u0345\u1ac1") == "q\u0345\u1ac1");                // a mark of Unicode 14
  CHECK(nfc("\U00011935\U00011930") == "\U00011935\U00011930");  // composes since Unicode 13
  CHECK(nfc("\u1100\u1161\u11a7") == "\uac00\u11a7");            // U+11A7 is no trailing consonant
  CHECK(nfc("\u0301\u0301\u0301a\u0301") == "\u0301\u0301\u0301\u00e1");
  CHECK(stand_in(0x180E) != 0x180E);
  CHECK(stand_in('a') == 'a');
  for (const auto& row : zimage::unicode::kStandIns) {
    std::string from, to;
    zimage::utf8::append(from, row.last);
    zimage::utf8::append(to, row.instead);
    INFO(static_cast<std::uint32_t>(row.first));
    CHECK(row.first <= row.last);
    CHECK(from.size() == to.size());
    CHECK(stand_in(row.instead) == row.instead);
  }
}
