// The sizes of a Qwen3 text encoder.
#pragma once

#include <cstdint>
#include <string>

#include "models/config_json.h"
#include "weights/weight_source.h"

namespace zimage {

struct TextEncoderConfig {
  std::int64_t vocab_size = 0;
  std::int64_t hidden_size = 0;
  std::int64_t intermediate_size = 0;
  std::int64_t num_hidden_layers = 0;  ///< layers in the file; the last one is never loaded
  std::int64_t num_attention_heads = 0;
  std::int64_t num_key_value_heads = 0;
  std::int64_t head_dim = 0;
  double rms_norm_eps = 1e-6;
  double rope_theta = 1e6;

  /// Reads the sizes like DiTConfig::detect(), for names without a `model.` prefix. `rope_theta` may be at the top
  /// level of config.json or in `rope_parameters`. Source of the names: transformers, models/qwen3.
  static TextEncoderConfig detect(const WeightSource& weights, const ConfigText& config);

  /// Returns a sentence that warns of a text encoder that is probably another model than Z-Image's; else empty.
  std::string warning(const std::string& file_name) const;
};

}  // namespace zimage
