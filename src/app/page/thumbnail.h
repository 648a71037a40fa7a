// Encodes pictures for the page, each within its share of the page's bytes.
#pragma once

#include <cstddef>
#include <string>

#include "zimage/image.h"

namespace zimage::app {

/// The longest side of a picture on the page.
inline constexpr int kLongestSide = 1280;

/// A picture of the page.
struct Thumbnail {
  std::string uri{};  ///< data:image/webp
  int width = 0;
  int height = 0;
  bool exact = false;  ///< it has the very pixels that were given
};

/// Returns the side of the square into which a picture is shrunk first, so that it likely fits into `bytes` of base64.
int side_for(std::size_t bytes);

/// Encodes an 8-bit picture as WebP in at most `bytes` of base64, as far as a picture of 48 pixels fits there: without
/// loss if that is small enough and `whole`, else by lowering its quality, then its size.
Thumbnail make_thumbnail(Image image, bool whole, std::size_t bytes);

}  // namespace zimage::app
