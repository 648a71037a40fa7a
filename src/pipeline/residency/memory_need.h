// Finds out what a model needs, from its headers and configurations.
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <string>

#include "models/dit_config.h"
#include "models/text_encoder_config.h"
#include "models/vae_config.h"
#include "nn/weight_loader.h"
#include "pipeline/residency/memory_plan.h"
#include "weights/weight_source.h"

namespace zimage {

/// What a run works on at once.
struct WorkSize {
  std::int64_t width = 0;  ///< pixels of a region at its working size
  std::int64_t height = 0;
  std::int64_t pictures = 1;  ///< how many go through the DiT together
};

/// Returns the square of so many megapixels, with sides that the model can work on.
WorkSize square_of(double megapixels);

/// Returns what a part's weights take, of those that its model asks for. `layers` is the prefix of its main layers'
/// names ("layers."); empty: it has none. Tables of which only a few rows are read don't count.
PartWeights part_weights(const WeightSource& source, const nn::AskedWeights& asked, const std::string& layers);

/// The configurations that the work depends on.
struct ModelConfigs {
  DiTConfig dit;
  TextEncoderConfig text_encoder;
  VAEConfig vae;
  bool controlnet = false;
};

/// Returns what the stages take besides weights. `bulk` says what the DiT's bulk layers multiply in.
StageWork stage_work(const ModelConfigs& configs, const WorkSize& size, at::ScalarType dtype, Holding bulk);

/// Returns whether the VAE works in strips even where whole maps fit: large ones are faster so. A toy's maps are small,
/// and its pictures must stay the same to the bit.
bool prefers_strips(const PartWeights& vae);

/// Returns how high the VAE's strips are for work of a size.
std::int64_t strip_rows(const VAEConfig& config, const WorkSize& size, at::ScalarType dtype);

}  // namespace zimage
