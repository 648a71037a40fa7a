#include <algorithm>
#include <system_error>

#include "base/log.h"
#include "base/regular_file.h"
#include "weights/layout/comfyui_tree.h"
#include "weights/layout/part_finder.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

/// Qwen3's vocabulary: 151,643 tokens and 26 added ones. Its text encoders have a row for each, and some to spare.
constexpr std::int64_t kQwen3Tokens = 151669;

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error) && !fs::is_directory(path, error);
}

std::vector<fs::path> places_of(const std::vector<fs::path>& bases, const fs::path& text_encoder) {
  std::vector<fs::path> places;
  for (const fs::path& base : bases) places.push_back((base / "tokenizer/tokenizer.json").lexically_normal());
  if (!text_encoder.empty()) {
    // Published text encoders come with their tokenizer in the same folder, or in one beside it.
    const fs::path folder = text_encoder.has_parent_path() ? text_encoder.parent_path() : fs::path(".");
    places.push_back((folder / "tokenizer.json").lexically_normal());
    places.push_back((folder / "../tokenizer/tokenizer.json").lexically_normal());
  }
  return places;
}

}  // namespace

TokenizerFile PartFinder::tokenizer(const fs::path& given, const ComponentFiles& text_encoder) {
  using Kind = TokenizerFile::Kind;
  if (!given.empty()) {
    std::error_code error;
    fs::path file = locate_in_tree(given, layout_.trees, TreeFolder::kTextEncoder);
    if (fs::is_directory(file, error)) file /= "tokenizer.json";
    if (!is_file(file)) {
      wrong_.push_back("--tokenizer: " + file.string() + " does not exist");
      return {};
    }
    return {is_gguf(read_start(file, 4, ErrorCode::kModel)) ? Kind::kGGUF : Kind::kJson, file};
  }
  const std::vector<fs::path> places = places_of(layout_.bases, text_encoder.weights);
  const auto found = std::find_if(places.begin(), places.end(), is_file);
  if (found != places.end()) return {Kind::kJson, *found};
  if (text_encoder.weights.empty()) return {};  // it is missing, and will be reported
  const FileFacts& facts = headers_.facts(text_encoder.weights);
  if (facts.has_vocabulary) {
    log::info("tokenizer: the vocabulary in " + text_encoder.weights.string());
    return {Kind::kGGUF, text_encoder.weights};
  }
  if (facts.text_tokens != 0 && facts.text_tokens < kQwen3Tokens) {
    missing_.push_back("tokenizer (the text encoder has only " + std::to_string(facts.text_tokens) +
                       " tokens, so Qwen3's is not its own; looked for " + list_paths(places) +
                       "; give it with --tokenizer)");
    return {};
  }
  log::info("tokenizer: Qwen3's, which comes with the program");
  return {Kind::kBundled, {}};
}

}  // namespace zimage
