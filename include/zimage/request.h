// What a library user asks for.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <optional>
#include <string>

#include "zimage/image.h"

namespace zimage {

enum class SamplerKind { kResMultistep, kEuler };

/// How the kept part is held: by a ControlNet that was trained to inpaint, or by RePaint after every step.
enum class Strategy { kAuto, kControlNet, kRepaint };

/// Which part of the picture is worked on: the mask's surroundings, or all of it.
enum class CropMode { kAuto, kOff };

/// A picture in other colours than sRGB.
struct OwnColors {
  const Image* picture = nullptr;                ///< outlives the runs; null: there is none
  std::function<Image(const Image&)> to_srgb{};  ///< pixels of that kind in 16-bit sRGB; any thread
};

/// One picture's job, already read and checked.
struct Request {
  Image image;
  Mask mask;  ///< of the picture's size; at least one pixel to repaint
  std::string prompt;
  std::string negative_prompt;  ///< used only if guidance_scale != 1
  int steps = 8;
  double shift = 3.0;
  double guidance_scale = 1.0;  ///< 1 = off (one forward a step)
  double strength = 1.0;        ///< noise level to start from, (0, 1]
  std::uint64_t seed = 0;
  SamplerKind sampler = SamplerKind::kResMultistep;
  Strategy strategy = Strategy::kAuto;
  Image control_image;  ///< for the ControlNet (edges, pose, depth); empty: none. Fitted as the picture is
  std::optional<double> control_scale;  ///< of the ControlNet's hints; empty: its version's own
  bool composite = true;                ///< paste only the hole into the picture; false: the raw decode
  bool opaque_hole = false;             ///< alpha becomes opaque where repainted (`--mask alpha`)
  int feather = 0;                      ///< pixels beyond the mask over which the result fades into the picture
  CropMode crop = CropMode::kOff;
  int padding = -1;           ///< with CropMode::kAuto: pixels of context around the mask; -1: half its longer side
  double megapixels = 0.0;    ///< with CropMode::kAuto: the working area; 0: the model's native one
  int jump_length = 0;        ///< RePaint resampling: steps of a jump back; 0: off
  int jump_count = 1;         ///< RePaint resampling: how often each stretch is gone through; 1: off
  bool color_match = false;   ///< match the hole's colours to the kept pixels around it (with composite)
  bool keep_latents = false;  ///< fill Result::latents
  /// With composite: rows of Result::image farther than 64 pixels from its effective mask may be left 0, for who takes
  /// them from elsewhere. Saves a large picture's copy.
  bool rows_near_only = false;
  /// Of what fills `image`'s samples on another thread, where its size alone is set: waited for before the first is
  /// read, and what it throws run() throws. Invalid: they are there.
  std::shared_future<void> image_ready{};
  /// The picture that `image` is the sRGB copy of. What the model sees is then taken from it, and brought to sRGB once
  /// it is small; of `image` only the effective mask's surroundings count.
  OwnColors own_colors{};
};

/// A request, made with its own seed or another.
struct SeededRequest {
  SeededRequest(const Request* request_) : request(request_), seed(request_->seed) {}
  SeededRequest(const Request* request_, std::uint64_t seed_) : request(request_), seed(seed_) {}
  const Request* request;
  std::uint64_t seed;
};

}  // namespace zimage
