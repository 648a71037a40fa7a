// ICC profiles, through lcms2: the model knows sRGB alone, so that a picture in another colour space is worked on as an
// sRGB copy, and what was repainted is brought back into the picture's own space.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "zimage/image.h"

namespace zimage::io {

/// A profile that fits a kind of picture. Relative colorimetric both ways. Safe on several threads at a time; the same
/// pixels give the same result however they are split.
class ColorProfile {
 public:
  /// `grey`: for grey pictures, else for RGB. Empty, with the reason in `why`, for a profile that is damaged, of
  /// another kind of picture, or without a way back.
  static std::optional<ColorProfile> open(const std::vector<std::uint8_t>& icc, bool grey, std::string& why);

  /// Whether it is sRGB's (within one 8-bit level): pixels need no conversion.
  bool is_srgb() const { return srgb_; }

  /// The picture in sRGB at 16 bits a sample, so that the way there and back rounds once. Alpha stays what it is.
  Image to_srgb(const Image& picture) const;

  /// `count` pixels of `channels` samples, 16-bit sRGB, into the profile's space at `bit_depth`, in place. Alpha is
  /// only brought to the bit depth.
  void from_srgb(std::uint16_t* pixels, std::size_t count, int channels, int bit_depth) const;

 private:
  struct Transforms;
  std::shared_ptr<const Transforms> transforms_;
  bool srgb_ = false;
  bool grey_ = false;
};

}  // namespace zimage::io
