// Draws rectangles, ellipses and polygons into masks. A pixel belongs to a shape if its centre lies in it; the centre
// of the first pixel is at 0.5,0.5. What lies on a left or an upper edge counts as inside, on a right or a lower one as
// outside, so that neighbours with a common edge neither overlap nor leave a gap.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "zimage/image.h"

namespace zimage {

/// A place in a picture, in pixels from its left upper corner.
struct MaskPoint {
  double x = 0.0;
  double y = 0.0;
};

/// The farthest that a coordinate may lie from the picture's corner.
inline constexpr double kMostCoordinate = 1e7;

/// They repaint what lies in a shape, as far as the mask reaches, and return whether that is any pixel. Coordinates are
/// at most kMostCoordinate.
bool fill_rectangle(Mask& mask, const MaskPoint& corner, double width, double height);
/// An ellipse has its edge inside. Without a width or a height it is empty.
bool fill_ellipse(Mask& mask, const MaskPoint& centre, double radius_x, double radius_y);
/// Everything that the outline goes around is filled, also where it goes around twice (the non-zero rule).
bool fill_polygon(Mask& mask, std::span<const MaskPoint> outline);

/// A length along a side of the picture, as a person gives it.
struct ShapeLength {
  double value = 0.0;
  bool percent = false;  ///< of the side

  double pixels(int side) const { return percent ? value * side / 100.0 : value; }
};

struct ShapePoint {
  ShapeLength x{};
  ShapeLength y{};
};

enum class ShapeKind { kRectangle, kEllipse, kPolygon };

/// A shape of `--mask rect:…`.
struct MaskShape {
  ShapeKind kind = ShapeKind::kRectangle;
  std::vector<ShapePoint> points{};  ///< of a rectangle and an ellipse: the left upper corner of the box, and its size
  std::string text{};                ///< as it was given
};

/// Draws shapes into a mask of the picture's size. Logs a warning for a shape that has no pixel there. Errors: kInput
/// if none of them has one.
Mask mask_of_shapes(std::span<const MaskShape> shapes, int width, int height);

}  // namespace zimage
