#include "weights/gguf_file.h"

#include <optional>

#include "base/text.h"

namespace zimage {
namespace {

std::optional<Encoding> encoding_of(const std::string& type) {
  if (type == "F32") return Encoding::kF32;
  if (type == "F16") return Encoding::kF16;
  if (type == "BF16") return Encoding::kBF16;
  for (auto i = static_cast<int>(Encoding::kQ4_0); i <= static_cast<int>(Encoding::kIQ4_XS); ++i) {
    if (type == info_of(static_cast<Encoding>(i)).name) return static_cast<Encoding>(i);
  }
  return std::nullopt;
}

std::string problem_of(const GGUFTensor& tensor, std::optional<Encoding> encoding) {
  if (!encoding) return concat({"is stored as ", tensor.type_name, ", which is not supported"});
  const std::int64_t block = info_of(*encoding).block_values;
  std::int64_t values = 1;
  for (const std::int64_t side : tensor.shape) values *= side;
  if (values == 0) return {};
  if (tensor.begin == tensor.end) {
    return concat({"has rows that don't fill whole ", tensor.type_name, " blocks of ", std::to_string(block)});
  }
  const std::int64_t rows = tensor.shape.empty() ? 1 : tensor.shape.front();
  if (values / rows % block != 0) {
    return concat({"has ", tensor.type_name, " blocks that go across its rows, which is not supported"});
  }
  return {};
}

}  // namespace

std::map<std::string, TensorEntry> gguf_entries(const GGUFHeader& header,
                                                const std::shared_ptr<const MappedFile>& file) {
  std::map<std::string, TensorEntry> entries;
  for (const auto& [name, tensor] : header.tensors) {
    const std::optional<Encoding> encoding = encoding_of(tensor.type_name);
    TensorEntry entry;
    entry.info = {.shape = tensor.shape,
                  .encoding = encoding.value_or(Encoding::kF32),
                  .bytes = tensor.end - tensor.begin,
                  .file = file->path().string(),
                  .problem = problem_of(tensor, encoding)};
    entry.range = {file, tensor.begin, tensor.end};
    entries.emplace_hint(entries.end(), name, std::move(entry));
  }
  return entries;
}

}  // namespace zimage
