// Which part of the picture the model works on, and at what size.
#pragma once

namespace zimage {

/// A rectangle of the picture and the size it is worked on at; working sides are multiples of 16.
struct WorkingRegion {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
  int working_width = 0;
  int working_height = 0;

  bool resized() const { return width != working_width || height != working_height; }
};

/// A token spans 2×2 latent cells of 8×8 pixels.
inline constexpr int kSizeMultiple = 16;

/// The nearest multiple of 16, at least 16.
int round_to_multiple(int side);

/// The whole picture, resized only if its sides aren't multiples of 16.
WorkingRegion whole_picture(int width, int height);

}  // namespace zimage
