// A model whose files are found and whose headers are checked. No weight is read.
#pragma once

#include <memory>

#include "models/controlnet_config.h"
#include "models/dit_config.h"
#include "models/text_encoder_config.h"
#include "models/vae_config.h"
#include "nn/lora/lora_set.h"
#include "nn/weight_loader.h"
#include "pipeline/residency/opened_files.h"
#include "tokenizer/tokenizer.h"
#include "weights/weight_source.h"
#include "zimage/inpainter.h"

namespace zimage {

/// The headers of a part, and which of its weights its model asks for.
struct PartHeaders {
  std::shared_ptr<const WeightSource> source{};  ///< null: the model has no such part
  nn::AskedWeights asked{};
};

struct OpenedModel {
  PartHeaders dit, text_encoder, vae, controlnet;
  nn::LoraSet loras;  ///< they change the DiT
  DiTConfig dit_config;
  TextEncoderConfig text_encoder_config;
  VAEConfig vae_config;
  ControlNetConfig controlnet_config;  ///< only with a ControlNet
  std::shared_ptr<const Tokenizer> tokenizer;
  ModelInfo info;  ///< without device, dtype and memory

  bool has_controlnet() const { return controlnet.source != nullptr; }
};

/// Reads configs and headers, and compares every name and shape with what the models ask for. Of `paths` only the LoRAs
/// count. Errors: kModel, with everything that is missing, unexpected or mis-shaped in any part.
OpenedModel open_model(const OpenedFiles& opened, const ModelPaths& paths);

}  // namespace zimage
