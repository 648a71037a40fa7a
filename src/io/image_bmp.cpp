// BMP through stb_image. stb reads zeros beyond the end of a file and leaves a short palette's last entries unset, so
// the header is checked here, and what stb gets is a file made anew: a full header, a full palette, all the rows.
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_ASSERT(x) ((void)0)
#include <stb/stb_image.h>

#include <algorithm>
#include <bit>
#include <memory>

#include "io/image_codecs.h"
#include "zimage/error.h"

namespace zimage::io::codec {
namespace {

constexpr std::size_t kFileHeader = 14;
constexpr std::size_t kCoreHeader = 12;   // OS/2's, with 16-bit sizes
constexpr std::size_t kInfoHeader = 40;   // Windows 3
constexpr std::size_t kFullHeader = 108;  // BITMAPV4HEADER: has room for the masks
constexpr std::size_t kMasksAt = kFileHeader + kInfoHeader;
constexpr std::size_t kPaletteEntries = 256;
constexpr std::uint32_t kUncompressed = 0, kRle8 = 1, kRle4 = 2, kBitFields = 3, kAlphaBitFields = 6;

struct BmpHeader {
  std::uint64_t width = 0;
  std::uint64_t height = 0;
  bool top_down = false;
  unsigned bits = 0;  ///< per pixel
  bool masked = false;
  std::uint32_t masks[4] = {};  ///< red, green, blue, alpha
  std::size_t palette_at = 0;
  std::size_t palette_entries = 0;
  std::size_t palette_entry_size = 0;
  std::size_t pixels_at = 0;
  std::uint64_t pixel_bytes = 0;
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
    header.width = little_endian(bytes, 18, 2, name);
    header.height = little_endian(bytes, 20, 2, name);
    header.bits = little_endian(bytes, 24, 2, name);
    return kUncompressed;
  }
  header.width = little_endian(bytes, 18, 4, name);
  const auto height = static_cast<std::int32_t>(little_endian(bytes, 22, 4, name));
  header.top_down = height < 0;
  header.height = static_cast<std::uint64_t>(std::abs(std::int64_t{height}));
  header.bits = little_endian(bytes, 28, 2, name);
  return little_endian(bytes, 30, 4, name);
}

BmpHeader read_header(Bytes bytes, const std::string& name) {
  BmpHeader header;
  header.pixels_at = little_endian(bytes, 10, 4, name);
  const std::size_t header_size = little_endian(bytes, 14, 4, name);
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
  if (header.pixels_at < header.palette_at) refuse_damaged(name, "its pixels begin within its header");
  if (bits <= 8) {
    header.palette_entry_size = header_size == kCoreHeader ? 3 : 4;
    const std::size_t used = header_size == kCoreHeader ? 0 : little_endian(bytes, 46, 4, name);
    const std::size_t most = std::size_t{1} << bits;
    header.palette_entries =
        std::min({used == 0 ? most : used, most, (header.pixels_at - header.palette_at) / header.palette_entry_size});
    if (header.palette_entries == 0) refuse_damaged(name, "it has no palette");
  }
  header.pixel_bytes = (header.width * bits + 31) / 32 * 4 * header.height;
  if (header.pixels_at + header.pixel_bytes > bytes.size()) refuse_truncated(name);
  return header;
}

/// The same picture as a BMP with a full V4 header and, if it has a palette, 256 entries.
std::vector<std::uint8_t> normalized(Bytes bytes, const BmpHeader& header) {
  const std::size_t palette_bytes = header.palette_entries == 0 ? 0 : kPaletteEntries * 4;
  const std::size_t pixels_at = kFileHeader + kFullHeader + palette_bytes;
  std::vector<std::uint8_t> out(pixels_at);
  const auto put = [&](std::size_t at, std::size_t count, std::uint64_t value) {
    for (std::size_t i = 0; i < count; ++i) out[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
  };
  out[0] = 'B';
  out[1] = 'M';
  put(10, 4, pixels_at);
  put(14, 4, kFullHeader);
  put(18, 4, header.width);
  put(22, 4, header.top_down ? std::uint64_t{0} - header.height : header.height);
  put(26, 2, 1);  // planes
  put(28, 2, header.bits);
  put(30, 4, header.masked ? kBitFields : kUncompressed);
  for (std::size_t i = 0; i < 4; ++i) put(kMasksAt + 4 * i, 4, header.masks[i]);
  for (std::size_t i = 0; i < header.palette_entries; ++i) {
    const std::uint8_t* entry = &bytes[header.palette_at + i * header.palette_entry_size];
    std::copy(entry, entry + 3, out.data() + kFileHeader + kFullHeader + 4 * i);
  }
  const Bytes pixels = bytes.subspan(header.pixels_at, header.pixel_bytes);
  out.insert(out.end(), pixels.begin(), pixels.end());
  return out;
}

}  // namespace

ImageFile decode_bmp(Bytes bytes, const std::string& name) {
  const BmpHeader header = read_header(bytes, name);
  const std::vector<std::uint8_t> plain = normalized(bytes, header);
  // Without an alpha mask the fourth byte of 32 bits is padding.
  const int channels = header.masks[3] != 0 ? 4 : 3;
  int width = 0;
  int height = 0;
  int channels_in_file = 0;
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
      stbi_load_from_memory(plain.data(), static_cast<int>(plain.size()), &width, &height, &channels_in_file, channels),
      stbi_image_free);
  if (pixels == nullptr) refuse_damaged(name, stbi_failure_reason());
  ImageFile file;
  file.format = ImageFormat::kBmp;
  file.image = Image(width, height, channels);
  std::copy_n(pixels.get(), file.image.samples.size(), file.image.samples.bytes());
  return file;
}

}  // namespace zimage::io::codec
