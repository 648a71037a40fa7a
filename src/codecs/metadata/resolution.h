// The resolution of a picture, in the units that files have.
#pragma once

#include <optional>

namespace zimage::codecs {

enum class DotsPer { kNothing, kInch, kCentimetre, kMetre };

/// Dots per unit of length; per nothing they only say how wide a pixel is (x) for its height (y).
struct Resolution {
  double x = 0;
  double y = 0;
  DotsPer unit = DotsPer::kNothing;
};

/// Returns the resolution; empty if a number is not positive, or if it says nothing (1:1 without a unit).
std::optional<Resolution> make_resolution(double x, double y, DotsPer unit);

/// Returns the resolution in another unit. Whole dots per inch survive the way through whole dots per metre: 11811 per
/// metre are 300 per inch. Without a unit it stays as it is.
Resolution in_unit(const Resolution& resolution, DotsPer unit);

/// Returns the resolution for a file that has whole numbers of 16 bits, per inch or centimetre; empty if they are too
/// large for that.
std::optional<Resolution> in_whole_dots(const Resolution& resolution);
/// Returns the resolution as whole dots per metre that fit into 31 bits, or without a unit; empty if they are too
/// large.
std::optional<Resolution> in_whole_metres(const Resolution& resolution);

/// Returns the resolution of the picture when it is turned on its side.
Resolution turned(const Resolution& resolution);

}  // namespace zimage::codecs
