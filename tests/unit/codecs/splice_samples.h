// Makes JPEGs and changes in them, for the tests of JPEG to JPEG.
#pragma once

#include <algorithm>
#include <random>

#include "base/log.h"
#include "codecs/image_file.h"
#include "image/canvas.h"
#include "unit/codecs/jpeg_samples.h"

namespace zimage::test {

/// Silences the log: hundreds of damaged files make hundreds of warnings.
struct Silence {
  Silence() { log::configure({log::Level::kOff, false, {}}); }
  ~Silence() { log::configure({}); }
};

struct Size {
  int width, height;
};

/// Returns a mask of a few boxes and single pixels.
inline Mask random_mask(int width, int height, std::mt19937& random) {
  Mask mask(width, height);
  const auto below = [&](int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); };
  for (int count = 1 + below(3); count > 0; --count) {
    const int left = below(width);
    const int top = below(height);
    const int right = std::min(width, left + 1 + below(20));
    const int bottom = std::min(height, top + 1 + below(20));
    for (int y = top; y < bottom; ++y) {
      for (int x = left; x < right; ++x) mask.repaint[mask.index(x, y)] = 1;
    }
  }
  return mask;
}

/// Returns the decoded source with other pixels in the mask.
inline Image changed_picture(Image image, const Mask& mask) {
  const Image other = textured_image(image.width, image.height, image.channels, 99);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      if (mask.repaint[mask.index(x, y)] == 0) continue;
      for (int c = 0; c < image.channels; ++c) {
        image.samples.set(image.index(x, y, c), static_cast<std::uint16_t>(255 - other.samples[image.index(x, y, c)]));
      }
    }
  }
  return image;
}

/// Encodes a picture that came from a JPEG as the program does: with the source's coefficients outside `changed` where
/// they can be kept, else (and for null) as a whole with the source's tables. `kept` says which it was.
inline Bytes encode_like(const Image& picture, const Bytes& source, const Mask* changed, int orientation = 1,
                         bool* kept = nullptr) {
  codecs::EncodeOptions options;
  options.format = codecs::ImageFormat::kJpeg;
  options.jpeg_origin = codecs::open_jpeg_origin(source, orientation);
  const auto part = [&](const Box& box) { return crop_image(picture, box); };
  if (kept != nullptr) *kept = false;
  if (changed != nullptr) {
    if (auto spliced = codecs::splice_jpeg(*options.jpeg_origin, *changed, part, {})) {
      if (kept != nullptr) *kept = true;
      return *std::move(spliced);
    }
  }
  return codecs::encode_image(picture, options);
}

inline Bytes sample(const JpegRecipe& recipe, Size size, unsigned seed) {
  return jpeg(textured_image(size.width, size.height, static_cast<int>(recipe.sampling.size()), seed), recipe);
}

inline Image decoded(const Bytes& file) { return codecs::decode_image(file, "x").image; }

}  // namespace zimage::test
