// The tensors of one or several mapped files, whatever their format.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "weights/weight_source.h"

namespace zimage {

/// Returns the bytes as a tensor that keeps the file mapped; bytes that aren't aligned for `dtype` are copied.
at::Tensor view_bytes(const ByteRange& range, const std::vector<std::int64_t>& shape, at::ScalarType dtype);

/// A tensor as a safetensors header describes it, before it is known whether it is a weight or a weight's scale.
struct RawTensor {
  std::string dtype;  ///< as the header spells it
  std::vector<std::int64_t> shape;
  ByteRange range{};
};

struct RawFile {
  std::filesystem::path path;                ///< what messages call it: the file, or the index of several
  std::vector<std::filesystem::path> files;  ///< every file that was read
  std::map<std::string, RawTensor> tensors;
  std::map<std::string, std::string> metadata;  ///< the header's `__metadata__`
};

/// A weight of a file: what it stands for, where its bytes are, and the scales that belong to it.
struct TensorEntry {
  WeightInfo info;
  ByteRange range{};
  ByteRange block_scale{};  ///< the bytes of StoredWeight::block_scale; its file is null if there is none
  /// `scale`, `rotation` and `column_scale`; its other members are filled in by TensorFile::stored().
  StoredWeight scales{};
};

/// Serves entries as weights.
class TensorFile final : public WeightSource {
 public:
  TensorFile(std::filesystem::path path, std::vector<std::filesystem::path> files,
             std::map<std::string, TensorEntry> entries);

  std::vector<std::string> names() const override;
  const WeightInfo* find(const std::string& name) const override;
  StoredWeight stored(const std::string& name) const override;
  std::vector<ByteRange> ranges(const std::string& name) const override;
  void release(const std::string& name) const override;
  void read_ahead(const std::string& name) const override;
  std::string description() const override { return path_.string(); }
  std::vector<std::filesystem::path> files() const override { return files_; }

 private:
  std::filesystem::path path_;
  std::vector<std::filesystem::path> files_;
  std::map<std::string, TensorEntry> entries_;
};

}  // namespace zimage
