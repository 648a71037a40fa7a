// Builds a byte-level tokenizer.json of 260 tokens in code: ids 0 … 255 are the bytes in GPT-2's order ('!' is 0), then
// come "ab", "abab" and the added tokens "<x>" and "<y>".
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace zimage::test {

inline std::string utf8_of(unsigned code_point) {
  if (code_point < 0x80) return std::string(1, static_cast<char>(code_point));
  return {static_cast<char>(0xC0 | (code_point >> 6)), static_cast<char>(0x80 | (code_point & 0x3F))};
}

inline nlohmann::json small_tokenizer() {
  nlohmann::json vocab;
  int id = 0;
  for (unsigned c = '!'; c < 0x100; ++c) {
    if (c <= '~' || (c >= 0xA1 && c != 0xAD)) vocab[utf8_of(c)] = id++;
  }
  for (unsigned c = 0x100; id < 256; ++c) vocab[utf8_of(c)] = id++;
  vocab["ab"] = 256;
  vocab["abab"] = 257;
  const auto added = [](const char* content, int number) {
    return nlohmann::json{{"id", number},    {"content", content},  {"single_word", false}, {"lstrip", false},
                          {"rstrip", false}, {"normalized", false}, {"special", true}};
  };
  return {{"version", "1.0"},
          {"added_tokens", {added("<x>", 258), added("<y>", 259)}},
          {"normalizer", {{"type", "NFC"}}},
          {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}}},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"continuing_subword_prefix", ""},
            {"end_of_word_suffix", nullptr},
            {"ignore_merges", false},
            {"vocab", vocab},
            {"merges", {"a b", "ab ab"}}}}};
}

}  // namespace zimage::test
