// What a converted file holds: names, shapes, and the header that says so.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "pipeline/tools/parts.h"
#include "weights/encoding.h"

namespace zimage {

/// A weight of the output.
struct OutputWeight {
  std::string name;  ///< with its prefix and ending
  const WeightSource* source = nullptr;
  std::vector<std::string> inputs;  ///< our names, whose rows follow each other: to_q, to_k and to_v of a fused qkv
  std::vector<std::int64_t> shape{};
  Encoding encoding = Encoding::kBF16;
  std::int64_t rotation = 0;  ///< int8: the group of columns that is rotated
};

/// A tensor of the output's header.
struct OutputTensor {
  std::string name;
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t bytes = 0;
};

/// Lists a part's weights for the output, under `prefix`. `quantised` is the encoding of the blocks' matrices.
std::vector<OutputWeight> layout_of(const ModelPart& part, const std::string& prefix, Encoding quantised);

/// Lists the tensors that a weight becomes, in the order of their bytes: the weight, its scales, its marker.
std::vector<OutputTensor> tensors_of(const OutputWeight& weight);

/// Returns ComfyUI's marker of a quantised weight, padded so that what follows stays aligned; empty for a dense one.
std::string marker_of(const OutputWeight& weight);

/// Returns the beginning of a safetensors file: the header's length and the header. Tensors follow in this order.
std::string safetensors_header(const std::vector<OutputTensor>& tensors,
                               const std::map<std::string, std::string>& metadata);

}  // namespace zimage
