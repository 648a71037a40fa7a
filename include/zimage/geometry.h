// Rectangles of a picture.
#pragma once

namespace zimage {

/// A rectangle of pixels.
struct Box {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;

  bool empty() const { return width <= 0 || height <= 0; }
  bool operator==(const Box&) const = default;
};

/// A rectangle of the picture, and the size at which the model works on it; working sides are multiples of 16.
struct WorkingRegion {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
  int working_width = 0;
  int working_height = 0;

  bool resized() const { return width != working_width || height != working_height; }
};

}  // namespace zimage
