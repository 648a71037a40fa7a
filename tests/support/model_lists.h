// The names and shapes of the published files, as their headers list them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace zimage::test {

using NamedShapes = std::map<std::string, std::vector<std::int64_t>>;

NamedShapes comfyui_dit();           ///< z_image_turbo_bf16.safetensors: 453 tensors
NamedShapes diffusers_dit();         ///< transformer/ of Z-Image-Turbo: 521 tensors
NamedShapes diffusers_controlnet();  ///< Z-Image-Turbo-Fun-Controlnet-Union-2.1: 15 control layers, 2 refiner blocks
NamedShapes comfyui_controlnet();    ///< the same with fused attention, as ComfyUI holds it
NamedShapes ldm_vae();               ///< ae.safetensors: 244 tensors
NamedShapes diffusers_vae();         ///< vae/ of Z-Image-Turbo: 244 tensors
NamedShapes transformers_qwen3();    ///< qwen_3_4b.safetensors: 398 tensors, with `model.`
NamedShapes llama_cpp_qwen3();       ///< Qwen3-4B's GGUF: 398 tensors

/// Returns the list with a prefix before every name.
NamedShapes prefixed(const std::string& prefix, const NamedShapes& list);
/// Adds the other list's tensors.
void add(NamedShapes& list, const NamedShapes& other);

}  // namespace zimage::test
