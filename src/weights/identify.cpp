#include "weights/identify.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "weights/names/layer_name.h"
#include "weights/names/prefixes.h"

namespace zimage {
namespace {

constexpr std::int64_t kLumina2Dim = 2304;

/// A piece of a tensor's name that tells what the file is.
struct Sign {
  enum Where { kAnywhere, kStart, kEnd } where;  ///< the start is what follows the part's prefix
  std::string_view text;
  const char* what = "";
};

// Other ways to pack weights. They come first, for some of their tensors are named like a LoRA's.
constexpr Sign kPackings[] = {
    {Sign::kEnd, ".smooth_factor", "a nunchaku (SVDQuant) model, whose packed weights only nunchaku reads"},
    {Sign::kEnd, ".wscales", "a nunchaku (SVDQuant) model, whose packed weights only nunchaku reads"},
    {Sign::kEnd, ".qweight", "a model quantised with GPTQ or AWQ, which is not supported"},
    {Sign::kAnywhere, ".quant_state.bitsandbytes", "a model quantised with bitsandbytes, which is not supported"},
    {Sign::kEnd, ".svd_up", "a model quantised with SDNQ, which is not supported"},
    {Sign::kEnd, ".zero_point", "a model quantised with SDNQ, which is not supported"},
    {Sign::kEnd, ".biases", "a model quantised with MLX, which is not supported"},
};
constexpr Sign kLoras[] = {{Sign::kAnywhere, "lora_"},  {Sign::kAnywhere, ".lora."}, {Sign::kAnywhere, "lycoris_"},
                           {Sign::kAnywhere, ".lokr_"}, {Sign::kAnywhere, ".hada_"}, {Sign::kAnywhere, ".oft_"},
                           {Sign::kEnd, ".diff"},       {Sign::kEnd, ".diff_b"}};
constexpr Sign kControlNets[] = {{Sign::kStart, "control_all_x_embedder."},
                                 {Sign::kStart, "control_layers."},
                                 {Sign::kStart, "control_noise_refiner."}};
constexpr Sign kOtherControlNets[] = {{Sign::kAnywhere, "input_hint_block"},
                                      {Sign::kAnywhere, "controlnet_cond_embedding"},
                                      {Sign::kAnywhere, "controlnet_blocks"},
                                      {Sign::kAnywhere, "zero_convs"},
                                      {Sign::kStart, "control_model."}};

// Models with other blocks.
constexpr Sign kOtherModels[] = {
    {Sign::kStart, "distilled_guidance_layer.", "a Chroma model"},
    {Sign::kStart, "txt_in.individual_token_refiner.", "a HunyuanVideo model"},
    {Sign::kStart, "double_blocks.", "a Flux model"},
    {Sign::kStart, "single_transformer_blocks.", "a Flux model"},
    {Sign::kStart, "double_stream_blocks.", "a HiDream model"},
    {Sign::kStart, "joint_blocks.", "a Stable Diffusion 3 model"},
    {Sign::kAnywhere, ".img_mod.", "a Qwen-Image model"},
    {Sign::kStart, "head.modulation", "a Wan video model"},
    {Sign::kStart, "input_blocks.", "a Stable Diffusion or SDXL model"},
    {Sign::kStart, "down_blocks.", "a Stable Diffusion or SDXL model"},
    {Sign::kStart, "time_caption_embed.", "a Lumina-2 or OmniGen2 model, which has another architecture"},
    {Sign::kStart, "transformer_blocks.", "a diffusion model with another architecture"},
};
constexpr Sign kDiTs[] = {{Sign::kStart, "noise_refiner."},
                          {Sign::kStart, "context_refiner."},
                          {Sign::kStart, "cap_embedder."},
                          {Sign::kStart, "all_x_embedder."},
                          {Sign::kStart, "all_final_layer."}};
// Models with Z-Image's blocks and something else. Source: ComfyUI, detect_unet_config in comfy/model_detection.py.
constexpr Sign kZImageLookAlikes[] = {
    {Sign::kStart, "siglip_", "a Z-Image Omni or Edit model, which is not supported"},
    {Sign::kStart, "dec_net.", "a Z-Image model that makes pixels without a VAE, which is not supported"},
    {Sign::kStart, "__x0__", "a Z-Image model that makes pixels without a VAE, which is not supported"},
    {Sign::kStart, "clip_text_pooled_proj.", "a NewBie model, which has another architecture"},
};

constexpr Sign kTextEncoders[] = {{Sign::kStart, "embed_tokens."}, {Sign::kStart, "token_embd."}};
// Source: ComfyUI, detect_te_model in comfy/sd.py; llama.cpp, gguf-py/gguf/constants.py.
constexpr Sign kOtherTextEncoders[] = {
    {Sign::kStart, "text_model.", "a CLIP text encoder"},
    {Sign::kStart, "encoder.block.", "a T5 text encoder"},
    {Sign::kStart, "enc.blk.", "a T5 text encoder"},
    {Sign::kStart, "visual.", "a vision-language model, such as Qwen2.5-VL"},
    {Sign::kStart, "language_model.", "a vision-language model, such as Qwen3-VL"},
    {Sign::kStart, "v.blk.", "the vision part of a language model (mmproj)"},
    {Sign::kAnywhere, ".post_feedforward_layernorm.", "a Gemma text encoder"},
    {Sign::kAnywhere, ".post_ffw_norm.", "a Gemma text encoder"},
    {Sign::kAnywhere, ".mlp.experts.", "a language model with experts, which is another text encoder"},
    {Sign::kAnywhere, "_exps.", "a language model with experts, which is another text encoder"},
    {Sign::kEnd, ".q_proj.bias", "a Qwen2 or Qwen2.5 text encoder"},
    {Sign::kEnd, ".attn_q.bias", "a Qwen2 or Qwen2.5 text encoder"},
};
constexpr Sign kQueryNorms[] = {{Sign::kAnywhere, ".q_norm."}, {Sign::kAnywhere, ".attn_q_norm."}};

constexpr Sign kVAEs[] = {{Sign::kStart, "encoder.down"},    {Sign::kStart, "decoder.up"},
                          {Sign::kStart, "encoder.mid"},     {Sign::kStart, "decoder.mid"},
                          {Sign::kStart, "encoder.conv_in"}, {Sign::kStart, "decoder.conv_in"}};
constexpr Sign kOtherVAEs[] = {
    {Sign::kStart, "bn.running_mean", "Flux.2's VAE"},
    {Sign::kStart, "quant_conv.", "the VAE of a Stable Diffusion or SDXL model"},
    {Sign::kStart, "post_quant_conv.", "the VAE of a Stable Diffusion or SDXL model"},
    {Sign::kStart, "encoder.middle.", "the VAE of a Wan or Qwen-Image model"},
    {Sign::kStart, "decoder.middle.", "the VAE of a Wan or Qwen-Image model"},
    {Sign::kStart, "taesd_", "a tiny VAE for previews"},
    {Sign::kStart, "decoder.layers.", "a tiny VAE for previews"},
};

/// The names of a file's tensors, and what follows a part's prefix in each.
class Names {
 public:
  Names(const std::vector<std::string>& names, Part part) : names_(names) {
    for (const auto& name : names) starts_.push_back(without_prefix(name, part));
  }

  /// Returns the first of the signs that any name shows, or null.
  const Sign* find(std::span<const Sign> signs) const {
    for (const Sign& sign : signs) {
      for (std::size_t i = 0; i < names_.size(); ++i) {
        if (shows(i, sign)) return &sign;
      }
    }
    return nullptr;
  }
  bool have(std::span<const Sign> signs) const { return find(signs) != nullptr; }
  /// Returns whether there is a layer of the group whose rest of the name begins so.
  bool have_layer(std::string_view group, std::string_view rest) const {
    return std::any_of(starts_.begin(), starts_.end(), [&](std::string_view name) {
      const auto layer = layer_name(name, group);
      return layer && layer->rest.starts_with(rest);
    });
  }
  /// Returns the stored name of a tensor, or null.
  const std::string* stored(std::string_view name) const {
    const auto found = std::find(starts_.begin(), starts_.end(), name);
    return found == starts_.end() ? nullptr : &names_[static_cast<std::size_t>(found - starts_.begin())];
  }

 private:
  bool shows(std::size_t i, const Sign& sign) const {
    switch (sign.where) {
      case Sign::kAnywhere: return names_[i].find(sign.text) != std::string::npos;
      case Sign::kStart: return starts_[i].starts_with(sign.text);
      case Sign::kEnd: return names_[i].ends_with(sign.text);
    }
    return false;
  }

  const std::vector<std::string>& names_;
  std::vector<std::string_view> starts_;
};

FileIdentity look_alike(const char* what) { return {.kind = FileKind::kLookAlike, .what = what}; }

bool is_lumina2(const WeightSource& file, const Names& names) {
  if (names.have_layer("layers.", "adaLN_modulation.1.")) return true;  // Z-Image's modulation has no SiLU before it
  for (const char* weight : {"cap_embedder.1.weight", "x_embedder.weight"}) {
    const std::string* stored = names.stored(weight);
    if (stored == nullptr) continue;
    const auto& shape = file.find(*stored)->shape;
    if (!shape.empty() && shape.front() == kLumina2Dim) return true;
  }
  return false;
}

std::optional<FileIdentity> identify_dit(const WeightSource& file, const std::vector<std::string>& stored) {
  const Names names(stored, Part::kDiT);
  if (const Sign* other = names.find(kOtherModels)) return look_alike(other->what);
  if (!names.have(kDiTs) && !names.have_layer("layers.", "attention.")) return {};
  if (const Sign* other = names.find(kZImageLookAlikes)) return look_alike(other->what);
  if (is_lumina2(file, names)) return look_alike("a Lumina-2 model, which has another architecture");
  FileIdentity identity{.kind = FileKind::kDiT, .what = "a Z-Image DiT"};
  for (const auto& name : stored) {
    const auto part = part_of(name);
    identity.has_text_encoder = identity.has_text_encoder || part == Part::kTextEncoder;
    identity.has_vae = identity.has_vae || part == Part::kVAE;
  }
  if (!identity.has_text_encoder && !identity.has_vae) return identity;
  identity.kind = FileKind::kBundle;
  const bool both = identity.has_text_encoder && identity.has_vae;
  identity.what = concat({"a Z-Image checkpoint with a DiT", both               ? ", a text encoder and a VAE"
                                                             : identity.has_vae ? " and a VAE"
                                                                                : " and a text encoder"});
  return identity;
}

std::optional<FileIdentity> identify_text_encoder(const std::vector<std::string>& stored) {
  const Names names(stored, Part::kTextEncoder);
  if (const Sign* other = names.find(kOtherTextEncoders)) return look_alike(other->what);
  if (!names.have(kTextEncoders) && !names.have_layer("layers.", "self_attn.") && !names.have_layer("blk.", "attn_")) {
    return {};
  }
  if (!names.have(kQueryNorms)) return look_alike("a text encoder of another kind, such as Llama or Mistral");
  return FileIdentity{.kind = FileKind::kTextEncoder, .what = "a Qwen3 text encoder"};
}

std::optional<FileIdentity> identify_vae(const std::vector<std::string>& stored) {
  const Names names(stored, Part::kVAE);
  if (const Sign* other = names.find(kOtherVAEs)) return look_alike(other->what);
  if (!names.have(kVAEs)) return {};
  return FileIdentity{.kind = FileKind::kVAE, .what = "a VAE"};
}

}  // namespace

bool has_part(const FileIdentity& file, Part part) {
  const bool bundle = file.kind == FileKind::kBundle;
  switch (part) {
    case Part::kDiT: return bundle || file.kind == FileKind::kDiT;
    case Part::kTextEncoder: return file.kind == FileKind::kTextEncoder || (bundle && file.has_text_encoder);
    case Part::kVAE: return file.kind == FileKind::kVAE || (bundle && file.has_vae);
    case Part::kControlNet: return file.kind == FileKind::kControlNet;
  }
  return false;
}

FileIdentity identify(const WeightSource& file) {
  const std::vector<std::string> stored = file.names();
  const Names names(stored, Part::kControlNet);
  if (const Sign* packing = names.find(kPackings)) return look_alike(packing->what);
  if (names.have(kLoras)) return {.kind = FileKind::kLora, .what = "a LoRA"};
  if (names.have(kControlNets)) return {.kind = FileKind::kControlNet, .what = "a Z-Image ControlNet"};
  if (names.have(kOtherControlNets)) return look_alike("a ControlNet of another model");
  if (auto dit = identify_dit(file, stored)) return *dit;
  if (auto text_encoder = identify_text_encoder(stored)) return *text_encoder;
  if (auto vae = identify_vae(stored)) return *vae;
  return {.kind = FileKind::kUnknown, .what = "none of a Z-Image model's files"};
}

}  // namespace zimage
