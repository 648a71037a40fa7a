// What a run is going to do, and what it gives back.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "zimage/geometry.h"
#include "zimage/image.h"
#include "zimage/request.h"

namespace zimage {

/// The strategy of a run, and why.
struct StrategyChoice {
  Strategy strategy = Strategy::kRepaint;
  std::string name;  ///< "controlnet" or "repaint"
  std::string reason;
};

/// A request and what follows from it, decided by Inpainter::plan() before a weight is read. Cheap to copy; a copy may
/// be given another seed.
struct Work {
  Request request;
  StrategyChoice strategy;
  std::vector<WorkingRegion> regions;    ///< what is worked on, in order
  std::vector<double> sigmas;            ///< the noise levels visited, in fp32's precision; the last is 0
  int forwards = 0;                      ///< of the DiT for each region and guidance branch
  std::shared_ptr<const Mask> editable;  ///< where the result may differ from the picture: the mask and its feather
};

/// What a run makes of one region.
struct Patch {
  Box box;  ///< where in the picture it belongs
  /// Of the box's size and the picture's channels, in sRGB: blended into what the picture shows there, with the
  /// picture's bit depth or, where PixelSource::to_srgb was asked, 16 bits. With composite off what the model decoded:
  /// RGB at the region's working size.
  Image pixels;
  std::vector<std::uint8_t> coverage;  ///< a byte a pixel, 1 where the picture changes; empty with composite off
};

/// Puts a patch where it belongs in a picture of its channels and bit depth. All other pixels stay as they are.
void paste(const Patch& patch, Image& picture);

/// Latents as plain numbers, `[1, 16, height, width]`, for `--save-latents`.
struct Latents {
  int channels = 0;
  int height = 0;
  int width = 0;
  std::vector<float> values;
};

struct Result {
  std::vector<Patch> patches;  ///< one a region, in order; no two overlap
  std::int64_t prompt_tokens = 0;
  std::map<std::string, double> timings;  ///< milliseconds by stage
  std::vector<Latents> latents;           ///< if Request::keep_latents, one of each region
};

}  // namespace zimage
