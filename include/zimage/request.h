// The request of a library user: a picture, a mask, a prompt, and how to sample.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "zimage/image.h"

namespace zimage {

enum class SamplerKind { kResMultistep, kEuler };

/// The ways to preserve the kept part: by a ControlNet that was trained to inpaint, or by RePaint after every step.
enum class Strategy { kAuto, kControlNet, kRepaint };

/// Which part of the picture the model works on: the mask's surroundings, or all of it.
enum class CropMode { kAuto, kOff };

/// The settings that a model was made for. They stand in for those that a request leaves open.
struct SamplingDefaults {
  int steps = 8;
  double shift = 3.0;
  double guidance_scale = 1.0;
};

/// The settings of the denoising. Pictures that share their forwards have equal settings.
struct Sampling {
  std::optional<int> steps{};     ///< empty: the model's default, as for the next two
  std::optional<double> shift{};  ///< of the noise schedule
  /// 1 = off (one forward per step), which is also what an empty one counts as until resolved() has filled it in.
  std::optional<double> guidance_scale{};
  double cfg_truncation = 1.0;     ///< guidance is off in steps at which 1 − σ is above this; 1: never
  double cfg_normalization = 0.0;  ///< largest norm of a guided prediction, in norms of the positive one; 0: no limit
  double strength = 1.0;           ///< noise level to start from, (0, 1]
  SamplerKind sampler = SamplerKind::kResMultistep;
  Strategy strategy = Strategy::kAuto;
  std::optional<double> control_scale{};  ///< scale of the ControlNet's hints; empty: its default
  int jump_length = 0;                    ///< RePaint resampling: steps in a jump back; 0: off
  int jump_count = 1;                     ///< RePaint resampling: how often each stretch is denoised; 1: off

  bool guided() const { return guidance_scale.value_or(1.0) != 1.0; }
  /// Returns the settings with the model's defaults (ModelInfo::defaults) where these are empty.
  Sampling resolved(const SamplingDefaults& defaults) const {
    Sampling all = *this;
    all.steps = steps.value_or(defaults.steps);
    all.shift = shift.value_or(defaults.shift);
    all.guidance_scale = guidance_scale.value_or(defaults.guidance_scale);
    return all;
  }
  bool operator==(const Sampling&) const = default;
};

/// The picture of a run.
struct PixelSource {
  Image image;  ///< the picture, upright, in its own colour space
  /// Converts a part of the picture, resized or not, to sRGB with 16 bits and the same channels. May be called on any
  /// thread. Empty if the picture is sRGB.
  std::function<Image(const Image& part)> to_srgb{};
};

/// The job for one picture. Cheap to copy: large members are shared and never change.
struct Request {
  std::shared_ptr<const PixelSource> picture;
  std::shared_ptr<const Mask> mask;  ///< of the picture's size; at least one pixel to repaint
  /// The ControlNet's guide (edges, pose, depth), in sRGB, stretched over the whole picture; null: none.
  std::shared_ptr<const Image> control_image{};
  std::string prompt;
  std::string negative_prompt;  ///< used only with guidance
  Sampling sampling{};
  std::uint64_t seed = 0;
  CropMode crop = CropMode::kOff;
  int padding = -1;           ///< with CropMode::kAuto: pixels of context around the mask; -1: half its longer side
  double megapixels = 0.0;    ///< with CropMode::kAuto: the working area; 0: the model's native one
  bool composite = true;      ///< paste only the hole into the picture; false: give the raw decode
  bool opaque_hole = false;   ///< make alpha opaque where the mask repaints (`--mask alpha`)
  int feather = 0;            ///< pixels beyond the mask over which the result fades into the picture
  bool color_match = false;   ///< match the hole's colours to the kept pixels around it (with composite)
  bool keep_latents = false;  ///< fill Result::latents
};

}  // namespace zimage
