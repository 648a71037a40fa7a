// ICC profiles, through lcms2: the model knows sRGB alone, so that a picture in another colour space is worked on as an
// sRGB copy, and what was repainted is brought back into the picture's own space.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "zimage/image.h"

namespace zimage::codecs {

/// A profile that fits a kind of picture. Relative colorimetric both ways. Safe on several threads at a time; the same
/// pixels give the same result however they are split.
class ColorProfile {
 public:
  /// For a picture of that kind and depth. Empty, with the reason in `why`, for a profile that is damaged, of another
  /// kind of picture, or without a way back.
  static std::optional<ColorProfile> open(const std::vector<std::uint8_t>& icc, bool grey, int bit_depth,
                                          std::string& why);

  /// Whether it is sRGB's (within one 8-bit level): pixels need no conversion, and there is none.
  bool is_srgb() const { return srgb_; }

  /// The picture, of that depth, in sRGB at 16 bits a sample, so that the way there and back rounds once. Alpha stays
  /// what it is.
  Image to_srgb(const Image& picture) const;
  /// `count` pixels of `channels` samples, 16-bit sRGB, into the profile's space and the picture's depth, in place.
  /// Alpha is only brought to the bit depth.
  void from_srgb(std::uint16_t* pixels, std::size_t count, int channels) const;

 private:
  class Transforms;
  std::shared_ptr<Transforms> transforms_;
  bool srgb_ = false;
  bool grey_ = false;
  int bit_depth_ = 8;
};

}  // namespace zimage::codecs
