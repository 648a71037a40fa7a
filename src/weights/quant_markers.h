// Reads what a safetensors file says of how its layers are quantised: the `comfy_quant` tensors, the header's
// `_quantization_metadata`, and the older `scaled_fp8` tensors.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "weights/tensor_file.h"

namespace zimage {

struct QuantMarker {
  std::string format;           ///< "nvfp4"; the known ones are in comfy_quant.cpp
  std::int64_t rotation = 0;    ///< the group size of convrot; 0: not rotated
  std::int64_t group_size = 0;  ///< how many values share a scale, if the marker gives it; 0: it doesn't
  std::string problem{};        ///< why the marker can't be read, as the end of a sentence about the weight
};

class QuantMarkers {
 public:
  /// Errors: kModel for a header whose `_quantization_metadata` is not what it should be.
  explicit QuantMarkers(const RawFile& file);

  /// Returns the marker of the layer, or null. `layer` is the weight's name without ".weight".
  const QuantMarker* find(const std::string& layer) const;
  /// Returns whether any layer has a marker.
  bool any() const { return !markers_.empty(); }
  /// Returns the name of the `scaled_fp8` tensor that says that the layer's weight has a scale if it is fp8, or "".
  std::string scaled_fp8(const std::string& layer) const;

 private:
  void add(const std::string& layer, const QuantMarker& marker);
  void read_metadata(const RawFile& file);

  std::map<std::string, QuantMarker> markers_;  ///< by layer
  std::set<std::string> scaled_fp8_;            ///< the names of these tensors
};

}  // namespace zimage
