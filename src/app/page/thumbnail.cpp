#include "app/page/thumbnail.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "app/page/html.h"
#include "codecs/image_file.h"
#include "image/scale.h"

namespace zimage::app {
namespace {

constexpr int kLeastSide = 48;
/// A photograph takes about this many bytes a pixel at the middle one of the qualities below.
constexpr double kBytesPerPixel = 0.12;
constexpr int kBestQuality = 82;
constexpr int kMiddleQuality = 70;
constexpr int kLeastQuality = 58;
/// The best quality takes about so many times the bytes of the least, and hardly ever more than the second.
constexpr double kGain = 1.8;
constexpr std::size_t kMostGain = 3;
/// The bounds of one step to a smaller size.
constexpr double kLeastScale = 0.5;
constexpr double kMostScale = 0.9;
/// Pictures up to this many pixels are tried without loss, if there are two bits for each.
constexpr std::size_t kFewPixels = 256 * 256;

std::vector<std::uint8_t> encoded(const Image& image, int quality) {
  codecs::EncodeOptions options;
  options.format = codecs::ImageFormat::kWebp;
  options.quality = quality;
  return codecs::encode_image(image, options);
}

std::size_t bytes_of_base64(std::size_t length) { return length / 4 * 3; }

}  // namespace

int side_for(std::size_t bytes) {
  const double side = std::sqrt(static_cast<double>(bytes_of_base64(bytes)) / kBytesPerPixel * 4.0 / 3.0);
  return std::clamp(static_cast<int>(side), kLeastSide, kLongestSide);
}

Thumbnail make_thumbnail(Image image, bool whole, std::size_t bytes) {
  const auto finished = [&](const std::vector<std::uint8_t>& webp, bool exact) {
    return Thumbnail{html::data_uri("image/webp", webp), image.width, image.height, exact};
  };
  const std::size_t most = bytes_of_base64(bytes);
  const std::size_t pixels = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
  if (whole && pixels <= std::min(kFewPixels, most * 4)) {
    const auto webp = encoded(image, 0);
    if (webp.size() <= most) return finished(webp, true);
  }
  while (true) {
    std::vector<std::uint8_t> webp = encoded(image, kBestQuality);
    if (webp.size() <= most) return finished(webp, false);
    const int side = std::max(image.width, image.height);
    double gain = kGain;
    if (webp.size() < most * kMostGain || side <= kLeastSide) {
      gain = 1.0;
      webp = encoded(image, kLeastQuality);
      if (webp.size() <= most) {
        const auto better = encoded(image, kMiddleQuality);
        return finished(better.size() <= most ? better : webp, false);
      }
      if (side <= kLeastSide) return finished(webp, false);
    }
    // The bytes go with the pixels, or fall faster, because noise is averaged away.
    const double fit = std::sqrt(gain * static_cast<double>(most) / static_cast<double>(webp.size()));
    const int next = std::max(kLeastSide, static_cast<int>(side * std::clamp(fit, kLeastScale, kMostScale)));
    const auto [width, height] = fit_into(image.width, image.height, next, next);
    image = shrink(image, width, height);
  }
}

}  // namespace zimage::app
