// BMP. Everything the header says is checked before a row is looked at: rows lie in the file whole, indices beyond a
// short palette are black.
#include <algorithm>
#include <array>
#include <bit>

#include "codecs/bmp/bmp_header.h"
#include "codecs/image_codecs.h"
#include "zimage/error.h"

namespace zimage::codecs {
namespace {

using namespace bmp;

constexpr std::size_t kPaletteEntries = 256;

struct BmpHeader {
  std::uint64_t width = 0;
  std::uint64_t height = 0;
  bool top_down = false;
  unsigned bits = 0;  ///< per pixel
  bool masked = false;
  std::uint32_t masks[4] = {};  ///< red, green, blue, alpha; 0: none
  std::size_t palette_at = 0;
  std::size_t palette_entries = 0;
  std::size_t palette_entry_size = 0;
  std::size_t pixels_at = 0;
  std::uint64_t row_bytes = 0;
  Bytes icc;  ///< an embedded profile; empty: none
};

std::uint32_t little_endian(Bytes bytes, std::size_t at, std::size_t count, const std::string& name) {
  if (at + count > bytes.size()) refuse_truncated(name);
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value |= std::uint32_t{bytes[at + i]} << (8 * i);
  return value;
}

[[noreturn]] void refuse_kind(const std::string& name, const std::string& kind) {
  throw Error(ErrorCode::kInput, name + " is a BMP " + kind + ", which is not supported", "save it as PNG");
}

/// Where the profile lies is said from the header's start on. One that doesn't lie in the file behind it is none.
Bytes embedded_profile(Bytes bytes, std::size_t header_size, const std::string& name) {
  if (header_size < kV5Header || little_endian(bytes, kColorSpaceAt, 4, name) != kEmbedded) return {};
  const std::size_t at = little_endian(bytes, kProfileAt, 4, name);
  const std::size_t size = little_endian(bytes, kProfileSizeAt, 4, name);
  const std::size_t room = bytes.size() - kFileHeader;
  if (at < header_size || at > room || room - at < size) return {};
  return bytes.subspan(kFileHeader + at, size);
}

void read_masks(Bytes bytes, std::size_t header_size, std::uint32_t compression, const std::string& name,
                BmpHeader& header) {
  const bool alpha = compression == kAlphaBitFields || header_size >= 56;
  for (std::size_t i = 0; i < (alpha ? 4u : 3u); ++i) {
    header.masks[i] = little_endian(bytes, kMasksAt + 4 * i, 4, name);
    const std::uint32_t mask = header.masks[i];
    if (std::popcount(mask) > 8) refuse_kind(name, "of more than 8 bits a colour");
    const std::uint32_t low = mask == 0 ? 0 : mask >> std::countr_zero(mask);
    if ((low & (low + 1)) != 0 || (mask == 0 && i < 3)) refuse_damaged(name, "its colour masks make no sense");
  }
  header.masked = true;
}

/// The sizes of both header kinds; 0 is the compression of the older.
std::uint32_t read_sizes(Bytes bytes, std::size_t header_size, const std::string& name, BmpHeader& header) {
  if (header_size == kCoreHeader) {
    header.width = little_endian(bytes, kWidthAt, 2, name);
    header.height = little_endian(bytes, kWidthAt + 2, 2, name);
    header.bits = little_endian(bytes, kWidthAt + 6, 2, name);
    return kUncompressed;
  }
  header.width = little_endian(bytes, kWidthAt, 4, name);
  const auto height = static_cast<std::int32_t>(little_endian(bytes, kHeightAt, 4, name));
  header.top_down = height < 0;
  header.height = static_cast<std::uint64_t>(std::abs(std::int64_t{height}));
  header.bits = little_endian(bytes, kBitsAt, 2, name);
  return little_endian(bytes, kCompressionAt, 4, name);
}

BmpHeader read_header(Bytes bytes, const std::string& name) {
  BmpHeader header;
  header.pixels_at = little_endian(bytes, kPixelsAt, 4, name);
  const std::size_t header_size = little_endian(bytes, kHeaderSizeAt, 4, name);
  if (header_size != kCoreHeader && (header_size < kInfoHeader || header_size > 256)) {
    refuse_damaged(name, "its header has no known size");
  }
  const std::uint32_t compression = read_sizes(bytes, header_size, name, header);
  check_size(header.width, header.height, name);
  const unsigned bits = header.bits;
  if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32) {
    refuse_kind(name, "of " + std::to_string(bits) + " bits a pixel");
  }
  header.palette_at = kFileHeader + header_size;
  if (compression == kRle8 || compression == kRle4) refuse_kind(name, "with run-length coding");
  if (compression == kBitFields || compression == kAlphaBitFields) {
    if (bits != 16 && bits != 32) refuse_damaged(name, "colour masks need 16 or 32 bits a pixel");
    read_masks(bytes, header_size, compression, name, header);
  } else if (compression != kUncompressed) {
    refuse_kind(name, "with compression " + std::to_string(compression));
  }
  // What 16 and 32 bits are without masks; the fourth byte of 32 is padding.
  if (!header.masked && bits == 16) std::copy_n(std::array{0x7c00u, 0x3e0u, 0x1fu}.begin(), 3, header.masks);
  if (!header.masked && bits == 32) std::copy_n(std::array{0xff0000u, 0xff00u, 0xffu}.begin(), 3, header.masks);
  if (header.pixels_at < header.palette_at) refuse_damaged(name, "its pixels begin within its header");
  if (bits <= 8) {
    header.palette_entry_size = header_size == kCoreHeader ? 3 : 4;
    const std::size_t used = header_size == kCoreHeader ? 0 : little_endian(bytes, kColorsUsedAt, 4, name);
    const std::size_t most = std::size_t{1} << bits;
    header.palette_entries =
        std::min({used == 0 ? most : used, most, (header.pixels_at - header.palette_at) / header.palette_entry_size});
    if (header.palette_entries == 0) refuse_damaged(name, "it has no palette");
  }
  header.row_bytes = (header.width * bits + 31) / 32 * 4;
  if (header.pixels_at + header.row_bytes * header.height > bytes.size()) refuse_truncated(name);
  header.icc = embedded_profile(bytes, header_size, name);
  return header;
}

using Palette = std::array<std::array<std::uint8_t, 3>, kPaletteEntries>;

Palette read_palette(Bytes bytes, const BmpHeader& header) {
  Palette palette{};
  for (std::size_t i = 0; i < header.palette_entries; ++i) {
    const std::uint8_t* entry = &bytes[header.palette_at + i * header.palette_entry_size];
    palette[i] = {entry[2], entry[1], entry[0]};
  }
  return palette;
}

/// BMP has no grey but in palettes. A profile that isn't for grey says that its picture is none.
bool is_grey(const BmpHeader& header, const Palette& palette) {
  constexpr std::uint8_t kGray[] = {'G', 'R', 'A', 'Y'};
  const Bytes space = header.icc.size() >= 20 ? header.icc.subspan(16, 4) : Bytes{};  // ICC.1:2010, 7.2.6
  if (!header.icc.empty() && !std::equal(space.begin(), space.end(), std::begin(kGray), std::end(kGray))) return false;
  return std::all_of(palette.begin(), palette.begin() + static_cast<std::ptrdiff_t>(header.palette_entries),
                     [](const auto& color) { return color[0] == color[1] && color[1] == color[2]; });
}

/// Indices of 1, 4 or 8 bits, from the high end of a byte, become 1 or 3 channels.
void put_indices(const std::uint8_t* row, unsigned bits, const Palette& palette, Image& image, std::uint8_t* out) {
  const unsigned in_byte = 8 / bits;
  const unsigned full = (1u << bits) - 1;
  const auto channels = static_cast<std::size_t>(image.channels);
  for (unsigned x = 0; x < static_cast<unsigned>(image.width); ++x, out += channels) {
    const auto& color = palette[row[x / in_byte] >> (8 - bits * (x % in_byte + 1)) & full];
    for (std::size_t c = 0; c < channels; ++c) out[c] = color[c];
  }
}

/// How a mask's values, of up to 8 bits, are widened: their bits again and again from the top.
struct Channel {
  std::uint32_t mask = 0;
  int shift = 0;
  std::array<std::uint8_t, 256> wide{};

  explicit Channel(std::uint32_t mask_) : mask(mask_), shift(mask_ == 0 ? 0 : std::countr_zero(mask_)) {
    const int bits = std::popcount(mask);
    for (unsigned value = 0; bits > 0 && value < 1u << bits; ++value) {
      unsigned out = value << (8 - bits);
      for (int filled = bits; filled < 8; filled += bits) out |= out >> filled;
      wide[value] = static_cast<std::uint8_t>(out);
    }
  }
  std::uint8_t of(std::uint32_t pixel) const { return wide[(pixel & mask) >> shift]; }
};

template <std::size_t kStep>
void put_masked(const std::uint8_t* row, const std::array<Channel, 4>& channels, const Image& image,
                std::uint8_t* out) {
  for (int x = 0; x < image.width; ++x, row += kStep) {
    std::uint32_t pixel = 0;
    for (std::size_t i = 0; i < kStep; ++i) pixel |= std::uint32_t{row[i]} << (8 * i);
    for (int c = 0; c < image.channels; ++c) *out++ = channels[static_cast<std::size_t>(c)].of(pixel);
  }
}

bool has_byte_masks(const BmpHeader& header) {
  return header.bits == 32 && header.masks[0] == 0xff0000 && header.masks[1] == 0xff00 && header.masks[2] == 0xff &&
         (header.masks[3] == 0 || header.masks[3] == 0xff000000);
}

void read_rows(Bytes bytes, const BmpHeader& header, const Palette& palette, Image& image) {
  const std::array channels = {Channel(header.masks[0]), Channel(header.masks[1]), Channel(header.masks[2]),
                               Channel(header.masks[3])};
  const bool byte_masks = has_byte_masks(header);
  for (int y = 0; y < image.height; ++y) {
    const auto line = static_cast<std::uint64_t>(header.top_down ? y : image.height - 1 - y);
    const std::uint8_t* row = bytes.data() + header.pixels_at + line * header.row_bytes;
    std::uint8_t* out = image.samples.bytes() + image.index(0, y);
    if (header.bits <= 8) {
      put_indices(row, header.bits, palette, image, out);
    } else if (header.bits == 24) {
      swap_colors<3, 3>(row, image.width, out);
    } else if (byte_masks && image.channels == 3) {
      swap_colors<4, 3>(row, image.width, out);
    } else if (byte_masks) {
      swap_colors<4, 4>(row, image.width, out);
    } else if (header.bits == 32) {
      put_masked<4>(row, channels, image, out);
    } else {
      put_masked<2>(row, channels, image, out);
    }
  }
}

}  // namespace

ImageFile decode_bmp(Bytes bytes, const std::string& name) {
  const BmpHeader header = read_header(bytes, name);
  const Palette palette = read_palette(bytes, header);
  const bool grey = header.bits <= 8 && is_grey(header, palette);
  ImageFile file;
  file.format = ImageFormat::kBmp;
  file.image = Image(static_cast<int>(header.width), static_cast<int>(header.height),
                     header.masks[3] != 0 ? 4
                     : grey               ? 1
                                          : 3);
  read_rows(bytes, header, palette, file.image);
  file.metadata.icc.assign(header.icc.begin(), header.icc.end());
  return file;
}

}  // namespace zimage::codecs
