#include "weights/lora/foreign.h"

#include <algorithm>

#include "base/text.h"

namespace zimage {
namespace {

struct Sign {
  const char* part;  ///< of a key whose dots and underscores count as the same
  const char* model;
};

// The first that occurs decides. Sources: ComfyUI, comfy/model_detection.py and comfy/lora.py; diffusers,
// loaders/lora_conversion_utils.py.
constexpr Sign kSigns[] = {
    {"control_layers", "a Z-Image ControlNet"},
    {"siglip_", "a Z-Image Omni model"},
    {"single_transformer_blocks", "a Flux model"},
    {"double_blocks", "a Flux or HunyuanVideo model"},
    {"single_blocks", "a Flux or HunyuanVideo model"},
    {"joint_blocks", "a Stable Diffusion 3 model"},
    {"img_mlp", "a Qwen-Image model"},
    {"img_mod", "a Qwen-Image model"},
    {"transformer_blocks_0_attn_add_q_proj", "a Qwen-Image or Stable Diffusion 3 model"},
    {"down_blocks", "a Stable Diffusion 1, 2 or XL model"},
    {"up_blocks", "a Stable Diffusion 1, 2 or XL model"},
    {"mid_block", "a Stable Diffusion 1, 2 or XL model"},
    {"input_blocks", "a Stable Diffusion 1, 2 or XL model"},
    {"output_blocks", "a Stable Diffusion 1, 2 or XL model"},
    {"adaln_single", "a PixArt or LTX model"},
    {"blocks_0_self_attn", "a Wan or Cosmos model"},
    {"blocks_0_cross_attn", "a Wan or Cosmos model"},
    {"transformer_blocks", "another model, whose layers are called transformer_blocks"},
};

}  // namespace

std::string model_of_lora(const std::vector<std::string>& keys) {
  for (const Sign& sign : kSigns) {
    for (std::string key : keys) {
      std::replace(key.begin(), key.end(), '.', '_');
      if (key.find(sign.part) != std::string::npos) return sign.model;
    }
  }
  return "";
}

std::string model_of_width(std::int64_t width) {
  const std::string text = std::to_string(width);
  if (width == 2304) return concat({"a Lumina-2 model, which is ", text, " wide"});
  if (width == 3840) return concat({"Z-Image-Turbo or Z-Image, which are ", text, " wide"});
  return concat({"a model that is ", text, " wide"});
}

}  // namespace zimage
