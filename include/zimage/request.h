// What a library user asks for.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "zimage/image.h"

namespace zimage {

enum class SamplerKind { kResMultistep, kEuler };

/// How the kept part is held: by a ControlNet that was trained to inpaint, or by RePaint after every step.
enum class Strategy { kAuto, kControlNet, kRepaint };

/// Which part of the picture is worked on: the mask's surroundings, or all of it.
enum class CropMode { kAuto, kOff };

/// How a picture is denoised. Pictures that share their forwards have the same.
struct Sampling {
  int steps = 8;
  double shift = 3.0;
  double guidance_scale = 1.0;  ///< 1 = off (one forward a step)
  double strength = 1.0;        ///< noise level to start from, (0, 1]
  SamplerKind sampler = SamplerKind::kResMultistep;
  Strategy strategy = Strategy::kAuto;
  std::optional<double> control_scale{};  ///< of the ControlNet's hints; empty: its version's own
  int jump_length = 0;                    ///< RePaint resampling: steps of a jump back; 0: off
  int jump_count = 1;                     ///< RePaint resampling: how often each stretch is gone through; 1: off

  bool guided() const { return guidance_scale != 1.0; }
  bool operator==(const Sampling&) const = default;
};

/// Where the pixels of a run come from.
struct PixelSource {
  Image image;  ///< the picture, upright, in its own colour space
  /// Brings a part of the picture, resized or not, into sRGB: 16 bits, as many channels. Called on any thread. Empty:
  /// the picture is sRGB.
  std::function<Image(const Image& part)> to_srgb{};
};

/// One picture's job. Cheap to copy: what is large is shared, and nobody changes it.
struct Request {
  std::shared_ptr<const PixelSource> picture;
  std::shared_ptr<const Mask> mask;  ///< of the picture's size; at least one pixel to repaint
  /// For the ControlNet (edges, pose, depth), in sRGB, fitted as the picture is; null: none.
  std::shared_ptr<const Image> control_image{};
  std::string prompt;
  std::string negative_prompt;  ///< used only with guidance
  Sampling sampling{};
  std::uint64_t seed = 0;
  CropMode crop = CropMode::kOff;
  int padding = -1;           ///< with CropMode::kAuto: pixels of context around the mask; -1: half its longer side
  double megapixels = 0.0;    ///< with CropMode::kAuto: the working area; 0: the model's native one
  bool composite = true;      ///< paste only the hole into the picture; false: the raw decode
  bool opaque_hole = false;   ///< alpha becomes opaque where repainted (`--mask alpha`)
  int feather = 0;            ///< pixels beyond the mask over which the result fades into the picture
  bool color_match = false;   ///< match the hole's colours to the kept pixels around it (with composite)
  bool keep_latents = false;  ///< fill Result::latents
};

}  // namespace zimage
