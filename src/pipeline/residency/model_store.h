// The model's parts: found and checked at once, loaded when first needed, released if memory is short.
// This is the one place that decides who holds weights, and when.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "models/controlnet.h"
#include "models/dit.h"
#include "models/text_encoder.h"
#include "models/vae.h"
#include "nn/lora/lora_set.h"
#include "pipeline/residency/compute.h"
#include "tokenizer/tokenizer.h"
#include "weights/model_files.h"
#include "weights/weight_source.h"
#include "zimage/inpainter.h"

namespace zimage {

class ModelStore {
 public:
  /// Finds the files, reads configs and headers, and compares every name and shape. No weight is read.
  /// Errors: kModel, with everything that is missing, unexpected or mis-shaped in any part.
  ModelStore(const ModelPaths& paths, const Compute& compute);

  const ModelInfo& info() const { return info_; }
  const DiTConfig& dit_config() const { return dit_config_; }
  const VAEConfig& vae_config() const { return vae_config_; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }

  /// Calls `check` before each weight that is read from now on. If it throws, the part that is being loaded is dropped,
  /// and the next use loads it anew. Empty: there is no check.
  void check_while_loading(std::function<void()> check) { check_ = std::move(check); }

  /// Each part is loaded on first use. Errors: kModel for weights that aren't finite; kMemory.
  const TextEncoder& text_encoder();
  const DiT& dit();
  const VAE& vae();
  /// Each returns whether the part is loaded.
  bool has_text_encoder() const { return text_encoder_.has_value(); }
  bool has_dit() const { return dit_.has_value(); }
  bool has_vae() const { return vae_.has_value(); }
  bool has_loaded_controlnet() const { return controlnet_.has_value(); }
  /// Requires has_controlnet().
  const ControlNet& controlnet();
  bool has_controlnet() const { return controlnet_source_ != nullptr; }
  const ControlNetConfig& controlnet_config() const { return controlnet_config_; }

  /// Releases the text encoder once the prompt is encoded, unless all parts fit in memory side by side. Its mapped
  /// pages leave memory in any case; the system keeps a copy of them while it has room.
  void finish_text_encoder();
  bool keeps_text_encoder() const { return keep_text_encoder_; }
  /// Returns whether the text encoder is loaded and finish_text_encoder() will release it.
  bool text_encoder_is_leaving() const { return text_encoder_.has_value() && !keep_text_encoder_; }

 private:
  /// Opens the parts. What the DiT's file says of the model as a whole replaces what was found beside it.
  void open(ModelFiles& files);
  void check();
  void decide_memory();
  void describe(const ModelFiles& files, const Compute& compute);
  void describe_controlnet(const std::filesystem::path& path);
  template <class Part, class... Configs>
  Part load(const WeightSource& source, const nn::Placement& placement, const Configs&... configs) const;

  nn::Placement placement_;
  nn::Placement dit_placement_;
  bool keep_text_encoder_ = false;
  std::shared_ptr<const WeightSource> dit_source_, text_encoder_source_, vae_source_, controlnet_source_;
  nn::LoraSet loras_;  ///< they change the DiT
  DiTConfig dit_config_;
  TextEncoderConfig text_encoder_config_;
  VAEConfig vae_config_;
  ControlNetConfig controlnet_config_;
  std::optional<Tokenizer> tokenizer_;
  std::optional<TextEncoder> text_encoder_;
  std::optional<DiT> dit_;
  std::optional<VAE> vae_;
  std::optional<ControlNet> controlnet_;
  std::function<void()> check_;
  ModelInfo info_;
};

}  // namespace zimage
