// ICC profiles, through lcms2. The model knows only sRGB: a picture in another colour space is worked on as an sRGB
// copy, and what was repainted is converted back to the source colour space.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "zimage/image.h"

namespace zimage::codecs {

/// A profile for one kind of picture. Conversions are relative colorimetric both ways. They are safe on several threads
/// at a time, and give the same result however the pixels are split.
class ColorProfile {
 public:
  /// Opens a profile for a picture of that kind and depth. Empty, with the reason in `why`, if it is damaged, for
  /// another kind of picture, or can't convert from sRGB. `white` is the largest 16-bit sample that from_srgb() gives:
  /// in PQ and HLG, larger ones are brighter than white.
  static std::optional<ColorProfile> open(const std::vector<std::uint8_t>& icc, bool grey, int bit_depth,
                                          std::string& why, std::uint16_t white = 0xffff);

  /// Returns whether it is sRGB (within one 8-bit level): then pixels need no conversion, and it can't do any.
  bool is_srgb() const { return srgb_; }

  /// Converts a picture of that depth to sRGB with 16 bits per sample, so that there and back it rounds only once.
  /// Alpha keeps its value.
  Image to_srgb(const Image& picture) const;
  /// Converts `count` pixels of `channels` samples from 16-bit sRGB to the profile's space and the picture's depth, in
  /// place. Alpha is only converted to that depth.
  void from_srgb(std::uint16_t* pixels, std::size_t count, int channels) const;
  /// Makes the tables of from_srgb(), which takes a tenth of a second, so that its first call doesn't have to.
  void prepare_from_srgb() const;

 private:
  class Transforms;
  std::shared_ptr<Transforms> transforms_;
  bool srgb_ = false;
  bool grey_ = false;
  int bit_depth_ = 8;
  std::uint16_t white_ = 0xffff;
};

}  // namespace zimage::codecs
