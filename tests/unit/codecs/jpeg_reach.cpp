#include "unit/codecs/jpeg_reach.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "codecs/jpeg/jpeg_source.h"

namespace zimage::test {
namespace {

using codecs::JpegSettings;

/// Returns how many pixels beyond a block its colour reaches, across and down: libjpeg-turbo interpolates two
/// neighbouring samples where it doubles (h2v1, h1v2, h2v2), and repeats samples in all other ratios.
std::pair<int, int> colour_reach(const JpegSettings& settings) {
  std::pair<int, int> reach{0, 0};
  for (int p = 0; p < settings.planes; ++p) {
    const int across = settings.block_width(p) / DCTSIZE;
    const int down = settings.block_height(p) / DCTSIZE;
    if (across > 2 || down > 2) continue;
    if (across == 2) reach.first = 1;
    if (down == 2) reach.second = 1;
  }
  return reach;
}

bool any_changed(const Mask& changed, int left, int top, int right, int bottom) {
  for (int y = top; y < std::min(bottom, changed.height); ++y) {
    for (int x = left; x < std::min(right, changed.width); ++x) {
      if (changed.repaint[changed.index(x, y)] != 0) return true;
    }
  }
  return false;
}

}  // namespace

Mask jpeg_changed_pixels(const Bytes& source, const Mask& changed) {
  codecs::JpegDecoder decoder;
  codecs::open_header(decoder, source, codecs::kSourceName);
  const std::optional<JpegSettings> settings = codecs::read_settings(decoder);
  Mask out(changed.width, changed.height);
  if (!settings || !codecs::can_be_spliced(decoder)) {
    std::fill(out.repaint.begin(), out.repaint.end(), std::uint8_t{1});
    return out;
  }
  const auto [reach_x, reach_y] = colour_reach(*settings);
  const int width = settings->mcu_width();
  const int height = settings->mcu_height();
  for (int y = 0; y < out.height; y += height) {
    for (int x = 0; x < out.width; x += width) {
      if (!any_changed(changed, x, y, x + width, y + height)) continue;
      for (int row = std::max(y - reach_y, 0); row < std::min(y + height + reach_y, out.height); ++row) {
        for (int column = std::max(x - reach_x, 0); column < std::min(x + width + reach_x, out.width); ++column) {
          out.repaint[out.index(column, row)] = 1;
        }
      }
    }
  }
  return out;
}

}  // namespace zimage::test
