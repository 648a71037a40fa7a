#include "weights/open_weights.h"

#include <utility>

#include "base/mapped_file.h"
#include "base/text.h"
#include "weights/checkpoint.h"
#include "weights/comfy_quant.h"
#include "weights/gguf_file.h"
#include "weights/locate_checkpoint.h"
#include "weights/tensor_file.h"
#include "zimage/error.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

/// A header and the bytes that its strings point into.
struct MappedHeader {
  std::shared_ptr<const MappedFile> file;
  GGUFHeader header;
};

OpenedWeights open_gguf(std::shared_ptr<const MappedFile> file) {
  const fs::path path = file->path();
  const auto mapped =
      std::make_shared<const MappedHeader>(MappedHeader{file, parse_gguf(file->bytes(), path.string())});
  const GGUFHeader& header = mapped->header;
  if (header.number("split.count").value_or(1) > 1) {
    throw Error(ErrorCode::kModel, concat({path.string(), " is one part of a split GGUF, which is not supported"}),
                kMergeSplitGGUF);
  }
  return {.weights = std::make_shared<TensorFile>(path, std::vector<fs::path>{path}, gguf_entries(header, file)),
          .metadata = {},
          .gguf = std::shared_ptr<const GGUFHeader>(mapped, &header)};
}

}  // namespace

OpenedWeights open_weights(const fs::path& path) {
  const fs::path located = require_checkpoint(path);
  if (located.extension() != ".json") {
    auto file = MappedFile::open(located);
    if (is_gguf(file->bytes())) return open_gguf(std::move(file));
  }
  RawFile raw = read_safetensors(located);
  auto weights = std::make_shared<TensorFile>(raw.path, raw.files, group_quantised(raw));
  return {.weights = std::move(weights), .metadata = std::move(raw.metadata), .gguf = nullptr};
}

}  // namespace zimage
