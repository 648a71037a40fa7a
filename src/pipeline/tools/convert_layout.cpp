#include "pipeline/tools/convert_layout.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/text.h"
#include "nn/quantised/quantise.h"
#include "weights/names/dit_names.h"
#include "weights/names/layer_name.h"

namespace zimage {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kMarkerAlignment = 8;
constexpr std::string_view kWeight = ".weight";

/// Pads with blanks, which JSON allows at its end.
std::string padded(std::string json, std::size_t already, std::size_t alignment) {
  while ((already + json.size()) % alignment != 0) json.push_back(' ');
  return json;
}

/// Returns whether it is a matrix of a block: "GROUP.N." and two dimensions. Embedders, norms, biases and the final
/// layer aren't, and keep their precision.
bool is_block_matrix(const std::string& name, const std::vector<std::int64_t>& shape) {
  if (shape.size() != 2 || !name.ends_with(kWeight)) return false;
  return std::any_of(kBlockGroups.begin(), kBlockGroups.end(),
                     [&](auto group) { return layer_name(name, group).has_value(); });
}

bool replace_first(std::string& text, std::string_view from, std::string_view to) {
  const auto place = text.find(from);
  if (place == std::string::npos) return false;
  text.replace(place, from.size(), to);
  return true;
}

/// Returns ComfyUI's name of a DiT's weight; empty for to_k and to_v, which are in to_q's fused tensor.
std::string comfyui_name(std::string name) {
  if (name.find(".attention.to_k.") != std::string::npos || name.find(".attention.to_v.") != std::string::npos)
    return {};
  if (replace_first(name, ".attention.to_q.", ".attention.qkv.")) return name;
  for (const auto& [ours, comfyui] : kComfyUIModules) {
    if (replace_first(name, ours, comfyui)) break;
  }
  return name;
}

std::string output_name(Part part, const std::string& name) {
  if (part == Part::kDiT) return comfyui_name(name);
  return part == Part::kTextEncoder ? concat({"model.", name}) : name;
}

std::vector<std::string> inputs_of(Part part, const std::string& name) {
  std::vector<std::string> inputs{name};
  if (part != Part::kDiT || name.find(".attention.to_q.") == std::string::npos) return inputs;
  for (const char* other : {".attention.to_k.", ".attention.to_v."}) {
    inputs.push_back(name);
    replace_first(inputs.back(), ".attention.to_q.", other);
  }
  return inputs;
}

const char* dtype_of(Encoding encoding) {
  return encoding == Encoding::kInt8 ? "I8" : encoding == Encoding::kF8E4M3 ? "F8_E4M3" : "BF16";
}

}  // namespace

std::vector<OutputWeight> layout_of(const ModelPart& part, const std::string& prefix, Encoding quantised) {
  std::vector<OutputWeight> weights;
  for (const std::string& name : part.weights->names()) {
    const std::string renamed = output_name(part.part, name);
    if (renamed.empty()) continue;
    OutputWeight weight{.name = prefix + renamed,
                        .source = part.weights.get(),
                        .inputs = inputs_of(part.part, name),
                        .shape = part.weights->find(name)->shape};
    for (std::size_t i = 1; i < weight.inputs.size(); ++i) {
      weight.shape.front() += part.weights->find(weight.inputs[i])->shape.front();
    }
    if (is_block_matrix(name, weight.shape)) weight.encoding = quantised;
    if (weight.encoding == Encoding::kInt8) weight.rotation = nn::rotation_group(weight.shape.back());
    weights.push_back(std::move(weight));
  }
  return weights;
}

std::string marker_of(const OutputWeight& weight) {
  if (weight.encoding == Encoding::kBF16) return {};
  nlohmann::ordered_json marker;
  marker["format"] = weight.encoding == Encoding::kInt8 ? "int8_tensorwise" : "float8_e4m3fn";
  if (weight.rotation > 0) {
    marker["convrot"] = true;
    marker["convrot_groupsize"] = weight.rotation;
  }
  return padded(marker.dump(), 0, kMarkerAlignment);
}

std::vector<OutputTensor> tensors_of(const OutputWeight& weight) {
  const auto bytes = static_cast<std::uint64_t>(count_values(weight.shape)) *
                     static_cast<std::uint64_t>(info_of(weight.encoding).block_bytes);
  std::vector<OutputTensor> tensors{{weight.name, dtype_of(weight.encoding), weight.shape, bytes}};
  if (weight.encoding == Encoding::kBF16) return tensors;
  const std::string layer = weight.name.substr(0, weight.name.size() - kWeight.size());
  const std::vector<std::int64_t> scales = weight.encoding == Encoding::kInt8
                                               ? std::vector{weight.shape.front(), std::int64_t{1}}
                                               : std::vector<std::int64_t>{};
  tensors.push_back(
      {layer + ".weight_scale", "F32", scales, static_cast<std::uint64_t>(count_values(scales)) * sizeof(float)});
  const std::string marker = marker_of(weight);
  tensors.push_back({layer + ".comfy_quant", "U8", {static_cast<std::int64_t>(marker.size())}, marker.size()});
  return tensors;
}

std::string safetensors_header(const std::vector<OutputTensor>& tensors,
                               const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header;
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const OutputTensor& tensor : tensors) {
    header[tensor.name] = {
        {"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {offset, offset + tensor.bytes}}};
    offset += tensor.bytes;
  }
  constexpr std::size_t kLengthBytes = 8;
  const std::string json = padded(header.dump(), kLengthBytes, kAlignment);
  std::string start;
  for (std::size_t i = 0; i < kLengthBytes; ++i) start.push_back(static_cast<char>((json.size() >> (8 * i)) & 0xFF));
  return start + json;
}

}  // namespace zimage
