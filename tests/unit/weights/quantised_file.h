// Safetensors files whose weights are quantised as ComfyUI's are.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/files.h"
#include "weights/weight_source.h"

namespace zimage::test {

struct FileTensor {
  std::string dtype;
  std::vector<std::int64_t> shape;
  Bytes bytes{};  ///< zeros if it is empty
};

using Names = std::vector<std::string>;
using FileTensors = std::map<std::string, FileTensor>;

std::size_t size_of(const FileTensor& tensor);

/// A factor of 0.5.
extern const FileTensor kScalar;

/// Returns a `comfy_quant` tensor.
FileTensor marker_tensor(const std::string& json);
/// Returns a `_quantization_metadata` with one layer.
std::string metadata_of(const std::string& layer, const std::string& options);

FileTensors without(FileTensors tensors, const std::string& name);
FileTensors with(FileTensors tensors, const std::string& name, const FileTensor& tensor);

/// A layer in one format: its weight, the scales that it needs, its marker, and what it must be read as.
struct Format {
  std::string name;
  std::string options;  ///< JSON
  Encoding encoding;
  std::vector<std::int64_t> shape;
  FileTensor weight;
  FileTensors scales;
  std::vector<std::int64_t> scale{};        ///< the shape of StoredWeight::scale
  std::vector<std::int64_t> block_scale{};  ///< the shape of StoredWeight::block_scale
  std::int64_t rotation = 0;
};

/// Returns every format that is read, with every shape and dtype of scale.
std::vector<Format> formats();
/// Returns the format of that name.
Format format_of(const std::string& name);
/// Returns a layer's weight and scales, and a dense bias.
FileTensors layer_of(const Format& format, const std::string& layer);

/// A folder for one file at a time; `metadata` is its header's `_quantization_metadata`, if it isn't empty.
class QuantisedFile {
 public:
  std::shared_ptr<const WeightSource> open(const FileTensors& tensors, const std::string& metadata = "") const;
  /// Returns the weight's problem, and CHECKs that the weight can be read if there is none.
  std::string problem(const std::string& name, const FileTensors& tensors, const std::string& metadata = "") const;

 private:
  TemporaryFolder folder_;
};

inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace zimage::test
