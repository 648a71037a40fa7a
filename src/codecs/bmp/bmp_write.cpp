// Writes BMP with 8 (grey, by a palette), 24 or, with alpha, 32 bits per pixel, from the last row to the first. Most
// programs know the oldest header, so a later one is written only if alpha or a colour profile needs it.
#include <algorithm>

#include "codecs/bmp/bmp_header.h"
#include "codecs/image_codecs.h"

namespace zimage::codecs {
namespace {

using namespace bmp;

constexpr std::size_t kGreys = 256;

/// Writes RGB(A) as BGR(A).
template <std::size_t kChannels>
void swap_colors(const std::uint8_t* in, int count, std::uint8_t* out) {
  for (int i = 0; i < count; ++i, in += kChannels, out += kChannels) {
    out[0] = in[2];
    out[1] = in[1];
    out[2] = in[0];
    if constexpr (kChannels == 4) out[3] = in[3];
  }
}

struct Layout {
  int channels = 3;  ///< 1, 3 or 4, of 8 bits
  std::size_t header_size = kInfoHeader;
  std::size_t pixels_at = 0;
  std::size_t row_bytes = 0;  ///< with padding to a multiple of 4
  std::size_t pixel_bytes = 0;
};

Layout layout_of(const Image& image, const ImageMetadata& metadata) {
  Layout layout;
  layout.channels = image.has_alpha() ? 4 : image.channels;
  layout.header_size = !metadata.icc.empty() ? kV5Header : layout.channels == 4 ? kV4Header : kInfoHeader;
  layout.pixels_at = kFileHeader + layout.header_size + (layout.channels == 1 ? 4 * kGreys : 0);
  const auto width = static_cast<std::size_t>(image.width);
  layout.row_bytes = (width * static_cast<std::size_t>(layout.channels) + 3) / 4 * 4;
  layout.pixel_bytes = layout.row_bytes * static_cast<std::size_t>(image.height);
  return layout;
}

/// Writes everything before the pixels into `out`, which is empty.
void put_headers(const Image& image, const Layout& layout, const std::optional<Resolution>& resolution,
                 std::size_t icc_bytes, std::vector<std::uint8_t>& out) {
  out.resize(layout.pixels_at);
  put(out, 0, 2, kMagic);
  put(out, kFileSizeAt, 4, layout.pixels_at + layout.pixel_bytes + icc_bytes);
  put(out, kPixelsAt, 4, layout.pixels_at);
  put(out, kHeaderSizeAt, 4, layout.header_size);
  put(out, kWidthAt, 4, static_cast<std::uint64_t>(image.width));
  put(out, kHeightAt, 4, static_cast<std::uint64_t>(image.height));
  put(out, kPlanesAt, 2, 1);
  put(out, kBitsAt, 2, 8 * static_cast<std::uint64_t>(layout.channels));
  put(out, kCompressionAt, 4, layout.channels == 4 ? kBitFields : kUncompressed);
  put(out, kPixelBytesAt, 4, layout.pixel_bytes);
  const auto dots = resolution ? in_whole_metres(*resolution) : std::nullopt;
  if (dots && dots->unit == DotsPer::kMetre) {
    put(out, kDotsAt, 4, static_cast<std::uint64_t>(dots->x));
    put(out, kDotsAt + 4, 4, static_cast<std::uint64_t>(dots->y));
  }
  if (layout.channels == 1) {
    put(out, kColorsUsedAt, 4, kGreys);
    for (std::size_t i = 0; i < kGreys; ++i) put(out, kFileHeader + layout.header_size + 4 * i, 3, i * 0x010101);
  }
  if (layout.channels == 4) {
    std::size_t at = kMasksAt;
    for (const std::uint32_t mask : {0x00ff0000u, 0x0000ff00u, 0x000000ffu, 0xff000000u}) {
      put(out, at, 4, mask);
      at += 4;
    }
  }
  if (layout.header_size >= kV4Header) put(out, kColorSpaceAt, 4, icc_bytes > 0 ? kEmbedded : kSrgb);
  if (layout.header_size == kV5Header) {
    put(out, kIntentAt, 4, kForImages);
    put(out, kProfileAt, 4, layout.pixels_at + layout.pixel_bytes - kFileHeader);
    put(out, kProfileSizeAt, 4, icc_bytes);
  }
}

}  // namespace

std::vector<std::uint8_t> encode_bmp(const Image& image, const EncodeOptions& options) {
  const std::vector<std::uint8_t>& icc = options.metadata.icc;
  const Layout layout = layout_of(image, options.metadata);
  std::vector<std::uint8_t> out;
  out.reserve(layout.pixels_at + layout.pixel_bytes + icc.size());
  put_headers(image, layout, options.metadata.resolution, icc.size(), out);
  std::vector<std::uint8_t> narrow;
  std::vector<std::uint8_t> row(layout.row_bytes);
  for (int y = image.height - 1; y >= 0; --y) {
    const std::uint8_t* samples = row_as_bytes(image, 0, y, image.width, layout.channels, narrow);
    switch (layout.channels) {
      case 1: std::copy_n(samples, image.width, row.data()); break;
      case 3: swap_colors<3>(samples, image.width, row.data()); break;
      default: swap_colors<4>(samples, image.width, row.data());
    }
    out.insert(out.end(), row.begin(), row.end());
  }
  out.insert(out.end(), icc.begin(), icc.end());
  return out;
}

}  // namespace zimage::codecs
