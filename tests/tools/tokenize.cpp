// tokenize_tool TOKENIZER.JSON|FILE.MERGES: reads one JSON string per line on stdin, writes the ids as one JSON array
// per line.
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>

#include "tokenizer/tokenizer.h"
#include "zimage/error.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: tokenize_tool TOKENIZER.JSON|FILE.MERGES < strings.jsonl\n";
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  if (!file) {
    std::cerr << argv[1] << ": can't be opened\n";
    return 2;
  }
  std::ostringstream text;
  text << file.rdbuf();
  try {
    const bool json = std::string_view(argv[1]).ends_with(".json");
    const auto tokenizer =
        json ? zimage::Tokenizer::from_json(text.str(), argv[1]) : zimage::Tokenizer::from_merges(text.str(), argv[1]);
    std::ios::sync_with_stdio(false);
    for (std::string line; std::getline(std::cin, line);) {
      const auto ids = tokenizer.encode(nlohmann::json::parse(line).get<std::string>());
      std::cout << nlohmann::json(ids).dump() << '\n';
    }
  } catch (const zimage::Error& error) {
    std::cerr << error.what() << '\n';
    return static_cast<int>(error.code());
  } catch (const nlohmann::json::exception& error) {
    std::cerr << "stdin: " << error.what() << '\n';
    return 2;
  }
  return std::cout.flush() ? 0 : 1;
}
