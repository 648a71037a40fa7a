// The plan of a run, and its result.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "zimage/geometry.h"
#include "zimage/image.h"
#include "zimage/memory.h"
#include "zimage/request.h"

namespace zimage {

/// The strategy of a run, and why it was chosen.
struct StrategyChoice {
  Strategy strategy = Strategy::kRepaint;
  std::string name;  ///< "controlnet" or "repaint"
  std::string reason;
};

/// A request and what Inpainter::plan() derives from it before any weight is read. Cheap to copy; a copy may be given
/// another seed.
struct Work {
  Request request;
  StrategyChoice strategy;
  std::vector<WorkingRegion> regions;    ///< the regions to work on, in order
  std::vector<double> sigmas;            ///< the noise levels visited, in fp32's precision; the last is 0
  int forwards = 0;                      ///< of the DiT with the prompt, for each region
  int guided_forwards = 0;               ///< those that guidance makes with the negative prompt as well
  MemorySummary memory;                  ///< what the run takes of the memory
  std::shared_ptr<const Mask> editable;  ///< where the result may differ from the picture: the mask and its feather
};

/// The result of a run for one region.
struct Patch {
  Box box;  ///< where in the picture it belongs
  /// The part of the picture in `box` with the result blended in, in sRGB: the picture's channels and its bit depth, or
  /// 16 bits if PixelSource::to_srgb converted it. Only covered pixels count. With composite off, what the model
  /// decoded: RGB at the region's working size.
  Image pixels;
  std::vector<std::uint8_t> coverage;  ///< one byte per pixel, 1 where it changes; empty with composite off
};

/// Pastes the pixels that a patch covers into a picture of its channels and bit depth. Other pixels stay as they are.
/// Errors: kUsage for a patch without coverage.
void paste(const Patch& patch, Image& picture);

/// Latents as plain numbers, `[1, 16, height, width]`, for `--save-latents`.
struct Latents {
  int channels = 0;
  int height = 0;
  int width = 0;
  std::vector<float> values;
};

struct Result {
  std::vector<Patch> patches;  ///< one for each region, in order; no two overlap
  std::int64_t prompt_tokens = 0;
  std::map<std::string, double> timings;  ///< milliseconds by stage
  std::vector<Latents> latents;           ///< one for each region, if Request::keep_latents
};

}  // namespace zimage
