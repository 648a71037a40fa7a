// What a run gives back.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "zimage/geometry.h"
#include "zimage/image.h"

namespace zimage {

/// Latents as plain numbers, `[1, 16, height, width]`, for `--save-latents`.
struct Latents {
  int channels = 0;
  int height = 0;
  int width = 0;
  std::vector<float> values;
};

struct Result {
  Image image;                 ///< the picture's size, channels and bit depth; with composite off the working size, RGB
  std::vector<double> sigmas;  ///< the noise levels visited, the last 0
  int steps = 0;               ///< forwards of the DiT per guidance branch
  std::string strategy;        ///< "controlnet" or "repaint"
  std::string strategy_reason;
  std::vector<WorkingRegion> regions;  ///< what was worked on, in order
  std::int64_t prompt_tokens = 0;
  Mask effective_mask;  ///< where the result may differ with composite: the request's mask and its feather
  std::map<std::string, double> timings;  ///< milliseconds by stage
  std::vector<Latents> latents;           ///< if Request::keep_latents, one of each region
};

}  // namespace zimage
