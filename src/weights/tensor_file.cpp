#include "weights/tensor_file.h"

#include <ATen/ATen.h>

#include <cstring>
#include <utility>

#include "base/text.h"
#include "zimage/error.h"

namespace zimage {
namespace {

at::ScalarType dtype_of(Encoding encoding) {
  switch (encoding) {
    case Encoding::kF32: return at::kFloat;
    case Encoding::kF16: return at::kHalf;
    case Encoding::kBF16: return at::kBFloat16;
    default: return at::kByte;
  }
}

}  // namespace

at::Tensor view_bytes(const ByteRange& range, const std::vector<std::int64_t>& shape, at::ScalarType dtype) {
  const auto options = at::TensorOptions().dtype(dtype);
  const auto bytes = range.bytes();
  if (bytes.empty()) return at::empty(shape, options);
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % at::elementSize(dtype) != 0) {
    // safetensors allows a header of odd length, which misaligns every tensor.
    at::Tensor copy = at::empty(shape, options);
    std::memcpy(copy.mutable_data_ptr(), bytes.data(), bytes.size());
    return copy;
  }
  return at::from_blob(
      const_cast<std::uint8_t*>(bytes.data()), shape, [file = range.file](void*) {}, options);
}

TensorFile::TensorFile(std::filesystem::path path, std::vector<std::filesystem::path> files,
                       std::map<std::string, TensorEntry> entries)
    : path_(std::move(path)), files_(std::move(files)), entries_(std::move(entries)) {}

std::vector<std::string> TensorFile::names() const {
  std::vector<std::string> out;
  out.reserve(entries_.size());
  for (const auto& item : entries_) out.push_back(item.first);
  return out;
}

const WeightInfo* TensorFile::find(const std::string& name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second.info;
}

StoredWeight TensorFile::stored(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    throw Error(ErrorCode::kModel, concat({path_.string(), " has no tensor ", in_quotes(name)}));
  }
  const TensorEntry& entry = found->second;
  if (!entry.info.problem.empty()) {
    throw Error(ErrorCode::kModel, concat({entry.info.file, ": ", in_quotes(name), " ", entry.info.problem}));
  }
  StoredWeight weight = entry.scales;
  weight.encoding = entry.info.encoding;
  weight.shape = entry.info.shape;
  const bool dense = is_dense(weight.encoding);
  const std::int64_t rows = weight.row_count();
  const auto bytes = static_cast<std::int64_t>(entry.range.end - entry.range.begin);
  weight.data =
      view_bytes(entry.range, dense ? weight.shape : std::vector<std::int64_t>{rows, rows == 0 ? 0 : bytes / rows},
                 dtype_of(weight.encoding));
  if (entry.block_scale.file != nullptr) {
    const std::int64_t padded_rows = (rows + 127) / 128 * 128;
    const auto scales = static_cast<std::int64_t>(entry.block_scale.end - entry.block_scale.begin);
    weight.block_scale = view_bytes(entry.block_scale, {padded_rows, scales / padded_rows}, at::kByte);
  }
  return weight;
}

std::vector<ByteRange> TensorFile::ranges(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return {};
  std::vector<ByteRange> ranges;
  for (const ByteRange* range : {&found->second.range, &found->second.block_scale}) {
    if (range->file != nullptr) ranges.push_back(*range);
  }
  return ranges;
}

void TensorFile::release(const std::string& name) const {
  for (const ByteRange& range : ranges(name)) range.file->drop_pages(range.begin, range.end);
}

void TensorFile::read_ahead(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  for (const ByteRange* range : {&found->second.range, &found->second.block_scale}) {
    if (range->file != nullptr) range->file->bring_in(range->begin, range->end);
  }
}

}  // namespace zimage
