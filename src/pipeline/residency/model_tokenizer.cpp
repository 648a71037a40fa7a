#include "pipeline/residency/model_tokenizer.h"

#include <filesystem>
#include <string>

#include "base/regular_file.h"
#include "base/text.h"
#include "weights/open_weights.h"
#include "zimage/error.h"
#include "zimage/inpainter.h"

namespace zimage {
namespace {

constexpr std::size_t kMaxTokenizerBytes = std::size_t{256} << 20;  // Qwen3's is 11 MB

Tokenizer read_gguf(const std::filesystem::path& path) {
  const OpenedWeights file = open_weights(path);
  const std::string name = path.string();
  if (file.gguf == nullptr) throw Error(ErrorCode::kModel, concat({name, " is not a GGUF file"}));
  const GGUFHeader& header = *file.gguf;
  const std::string model = header.text("tokenizer.ggml.model").value_or("");
  const std::string pre = header.text("tokenizer.ggml.pre").value_or("");
  GgufVocabulary vocabulary{.model = model, .pre = pre};
  if (const auto* tokens = header.texts("tokenizer.ggml.tokens")) vocabulary.tokens = *tokens;
  if (const auto* merges = header.texts("tokenizer.ggml.merges")) vocabulary.merges = *merges;
  if (const auto* types = header.integers("tokenizer.ggml.token_type")) {
    vocabulary.token_type.assign(types->begin(), types->end());
  }
  return Tokenizer::from_vocabulary(vocabulary, name);
}

Tokenizer read_bundled() {
  const std::filesystem::path path = bundled_tokenizer();
  if (path.empty()) {
    throw Error(ErrorCode::kModel,
                "the model has no tokenizer, and Qwen's, which comes with this program, is not there",
                "install the program again, or give a tokenizer.json with --tokenizer");
  }
  return Tokenizer::from_merges(read_text(path, kMaxTokenizerBytes, ErrorCode::kModel), path.string());
}

}  // namespace

Tokenizer read_tokenizer(const TokenizerFile& file) {
  switch (file.kind) {
    case TokenizerFile::Kind::kJson: break;
    case TokenizerFile::Kind::kGGUF: return read_gguf(file.path);
    case TokenizerFile::Kind::kBundled: return read_bundled();
  }
  return Tokenizer::from_json(read_text(file.path, kMaxTokenizerBytes, ErrorCode::kModel), file.path.string());
}

}  // namespace zimage
