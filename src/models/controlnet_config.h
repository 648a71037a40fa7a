// Finds out which published ControlNet a file is, and its sizes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/config_json.h"
#include "models/dit_config.h"
#include "weights/weight_source.h"

namespace zimage {

struct ControlNetConfig {
  /// Which blocks run on the control stream before the main layers.
  enum class Refiner {
    kPlain,               ///< v1: plain blocks, no hints
    kControlLayers,       ///< 2.0: the control layers themselves, whose first hints go to the noise refiner
    kControlNoiseRefiner  ///< 2.1: blocks of its own, with hints to the noise refiner
  };

  std::int64_t channels = 0;                 ///< channels of the control context: 16 (v1) or 33
  std::vector<std::int64_t> layer_places;    ///< the base layer that takes control layer n's hint
  std::vector<std::int64_t> refiner_places;  ///< the noise-refiner layer that takes refiner hint n
  Refiner refiner = Refiner::kControlNoiseRefiner;
  bool lite = false;  ///< has less than one control layer for every two base layers

  /// Returns whether it has 33 channels: then it was trained to inpaint, and needs no RePaint.
  bool inpaints() const { return channels == kInpaintChannels; }
  /// Returns "1", "2.0", "2.1" or "2.1-lite".
  const char* version() const;
  /// Returns the trainer's recommended scale for this version, as far as the tensors show it.
  double default_scale() const;

  static constexpr std::int64_t kControlChannels = 16;
  static constexpr std::int64_t kInpaintChannels = 33;

  /// Reads the sizes off the tensors; a config.json (diffusers' dialect or the trainer's) wins over what they show.
  /// Errors: kModel for a file without control layers, for control layers that don't divide the base's layers evenly,
  /// or for a damaged config.
  static ControlNetConfig detect(const WeightSource& weights, const ConfigText& config, const DiTConfig& base);
};

}  // namespace zimage
