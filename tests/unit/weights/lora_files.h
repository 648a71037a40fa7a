// Small LoRA files, and a small DiT that they are for.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "base/text.h"
#include "support/files.h"
#include "weights/lora/lora_file.h"
#include "weights/open_weights.h"

namespace zimage::test::loras {

using Shape = std::vector<std::int64_t>;
using Strings = std::vector<std::string>;

inline constexpr std::int64_t kDim = 12, kHidden = 32, kModulation = 8;

struct Tensor {
  std::string name;
  Shape shape;
  std::string dtype = "F32";
  Bytes bytes{};  ///< empty: zeros
};

inline std::size_t size_of(const std::string& dtype) {
  return dtype == "F64" || dtype == "I64" ? 8 : dtype == "F16" || dtype == "BF16" ? 2 : dtype == "U8" ? 1 : 4;
}

inline Bytes file_of(const std::vector<Tensor>& tensors, const std::string& metadata = "") {
  std::string json = "{";
  if (!metadata.empty()) json += concat({R"("__metadata__":)", metadata, ","});
  Bytes data;
  for (const Tensor& tensor : tensors) {
    std::size_t count = size_of(tensor.dtype);
    std::string shape;
    for (const auto side : tensor.shape) {
      count *= static_cast<std::size_t>(side);
      shape += concat({shape.empty() ? "" : ",", std::to_string(side)});
    }
    const std::size_t begin = data.size();
    Bytes bytes = tensor.bytes;
    bytes.resize(count);
    data.insert(data.end(), bytes.begin(), bytes.end());
    json += concat({"\"", tensor.name, R"(":{"dtype":")", tensor.dtype, R"(","shape":[)", shape,
                    R"(],"data_offsets":[)", std::to_string(begin), ",", std::to_string(data.size()), "]},"});
  }
  json.back() = '}';
  return safetensors(json, data);
}

template <class Number>
Bytes bytes_of_number(Number value) {
  Bytes bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

/// The linear modules of a small DiT, and their shapes.
inline std::map<std::string, Shape> modules() {
  std::map<std::string, Shape> all = {{"all_x_embedder.2-1", {kDim, 64}},
                                      {"all_final_layer.2-1.linear", {64, kDim}},
                                      {"all_final_layer.2-1.adaLN_modulation.1", {kDim, kModulation}},
                                      {"cap_embedder.1", {kDim, 20}},
                                      {"t_embedder.mlp.0", {16, 256}},
                                      {"t_embedder.mlp.2", {kModulation, 16}}};
  for (const std::string block : {"layers.0", "layers.11", "noise_refiner.1", "context_refiner.1"}) {
    for (const char* name : {"to_q", "to_k", "to_v", "to_out.0"}) all[block + ".attention." + name] = {kDim, kDim};
    all[block + ".feed_forward.w1"] = all[block + ".feed_forward.w3"] = {kHidden, kDim};
    all[block + ".feed_forward.w2"] = {kDim, kHidden};
    if (!block.starts_with("context")) all[block + ".adaLN_modulation.0"] = {4 * kDim, kModulation};
  }
  return all;
}

inline const WeightSource& model() {
  static const TemporaryFolder folder;
  static const auto source = [] {
    std::vector<Tensor> tensors;
    for (const auto& [module, shape] : modules()) {
      tensors.push_back({module + ".weight", shape});
      const bool bias = module.find("attention") == std::string::npos && module.find("feed") == std::string::npos;
      if (bias) tensors.push_back({module + ".bias", {shape[0]}});
    }
    tensors.push_back({"layers.0.attention.norm_q.weight", {4}});
    tensors.push_back({"layers.0.attention_norm1.weight", {kDim}});
    tensors.push_back({"x_pad_token", {1, kDim}});
    write(folder / "model.safetensors", file_of(tensors));
    return open_weights(folder / "model.safetensors").weights;
  }();
  return *source;
}

inline LoraFile read_tensors(const std::vector<Tensor>& tensors, const std::string& metadata = "") {
  const TemporaryFolder folder;
  write(folder / "lora.safetensors", file_of(tensors, metadata));
  return read_lora(folder / "lora.safetensors", model());
}

inline bool fits(const LoraFile& lora) {
  const LoraProblems& p = lora.problems;
  return p.unmatched.empty() && p.text_encoder.empty() && p.unsupported.empty() && p.mis_shaped.empty() &&
         p.broken.empty();
}

inline Strings weights_of(const LoraLayer& layer) {
  Strings names;
  for (const LoraTarget& target : layer.targets) names.push_back(target.weight);
  return names;
}

}  // namespace zimage::test::loras
