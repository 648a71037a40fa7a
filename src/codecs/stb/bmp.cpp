// Reads BMP through stb_image, which decodes the rows of every kind but misreads some headers: OS/2 palettes, masks in
// a header of 56 bytes, gaps and short palettes. So it gets a BITMAPV4HEADER with four masks or 256 colours.
#include <algorithm>
#include <bit>
#include <cmath>

#include "codecs/bmp/bmp_header.h"
#include "codecs/metadata/made_profile.h"
#include "codecs/stb/stb_decode.h"

namespace zimage::codecs {
namespace {

using namespace bmp;

struct BmpHeader {
  std::size_t size = 0;
  std::uint64_t width = 0;
  std::uint64_t height = 0;
  bool top_down = false;
  unsigned bits = 0;            ///< per pixel
  std::uint32_t masks[4] = {};  ///< red, green, blue, alpha; 0: none
  std::size_t pixels_at = 0;
  std::vector<std::uint8_t> palette{};  ///< entries of blue, green, red and a zero
  Bytes icc{};                          ///< embedded profile
  std::optional<Resolution> resolution{};
  bool linked_profile = false;
};

/// Returns the embedded profile, whose place counts from the header's start; empty if it doesn't lie in the file.
Bytes embedded_profile(Bytes bytes, std::size_t header_size, const std::string& name) {
  if (header_size < kV5Header || little_endian(bytes, kColorSpaceAt, 4, name) != kEmbedded) return {};
  const std::size_t at = little_endian(bytes, kProfileAt, 4, name);
  const std::size_t size = little_endian(bytes, kProfileSizeAt, 4, name);
  const std::size_t room = bytes.size() - kFileHeader;
  if (at < header_size || at > room || room - at < size) return {};
  return bytes.subspan(kFileHeader + at, size);
}

void read_masks(Bytes bytes, std::size_t count, const std::string& name, BmpHeader& header) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto mask = static_cast<std::uint32_t>(little_endian(bytes, kMasksAt + 4 * i, 4, name));
    header.masks[i] = mask;
    if (std::popcount(mask) > 8) refuse_kind(name, "BMP with more than 8 bits per colour");
    const std::uint32_t low = mask == 0 ? 0 : mask >> std::countr_zero(mask);
    if ((low & (low + 1)) != 0 || (mask == 0 && i < 3)) refuse_damaged(name, "its colour masks are invalid");
  }
}

/// Reads the sizes from either kind of header, and returns the compression, which the older kind lacks.
std::uint64_t read_sizes(Bytes bytes, std::size_t header_size, const std::string& name, BmpHeader& header) {
  const bool old = header_size == kCoreHeader;
  header.width = little_endian(bytes, kWidthAt, old ? 2 : 4, name);
  header.height = little_endian(bytes, old ? kWidthAt + 2 : kHeightAt, old ? 2 : 4, name);
  header.top_down = header.height >= 0x80000000u;
  if (header.top_down) header.height = 0x100000000u - header.height;
  header.bits = static_cast<unsigned>(little_endian(bytes, old ? kWidthAt + 6 : kBitsAt, 2, name));
  return old ? kUncompressed : little_endian(bytes, kCompressionAt, 4, name);
}

void read_palette(Bytes bytes, std::size_t header_size, const std::string& name, BmpHeader& header) {
  const std::size_t at = kFileHeader + header_size;
  const std::size_t entry = header_size == kCoreHeader ? 3 : 4;
  const std::size_t used = entry == 3 ? 0 : little_endian(bytes, kColorsUsedAt, 4, name);
  const std::size_t most = std::size_t{1} << header.bits;
  const std::size_t entries = std::min({used == 0 ? most : used, most, (header.pixels_at - at) / entry});
  if (entries == 0) refuse_damaged(name, "it has no palette");
  for (std::size_t i = 0; i < entries; ++i) {
    for (std::size_t c = 0; c < 3; ++c) header.palette.push_back(bytes[at + entry * i + c]);
    header.palette.push_back(0);
  }
}

BmpHeader read_header(Bytes bytes, const std::string& name) {
  BmpHeader header;
  header.pixels_at = little_endian(bytes, kPixelsAt, 4, name);
  const std::size_t header_size = little_endian(bytes, kHeaderSizeAt, 4, name);
  if (header_size != kCoreHeader && (header_size < kInfoHeader || header_size > 256)) {
    refuse_damaged(name, "its header has no known size");
  }
  header.size = header_size;
  const std::uint64_t compression = read_sizes(bytes, header_size, name, header);
  check_size(header.width, header.height, name);
  const unsigned bits = header.bits;
  if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32) {
    refuse_kind(name, "BMP with " + std::to_string(bits) + " bits per pixel");
  }
  if (compression == kRle8 || compression == kRle4) refuse_kind(name, "BMP with run-length coding");
  if (compression == kBitFields || compression == kAlphaBitFields) {
    if (bits != 16 && bits != 32) refuse_damaged(name, "colour masks need 16 or 32 bits per pixel");
    read_masks(bytes, compression == kAlphaBitFields || header_size >= 56 ? 4 : 3, name, header);
  } else if (compression != kUncompressed) {
    refuse_kind(name, "BMP with compression " + std::to_string(compression));
  } else if (bits == 16 || bits == 32) {  // the fourth byte of 32 bits is padding
    for (std::uint32_t i = 0; i < 3; ++i) header.masks[i] = bits == 16 ? 0x7c00u >> 5 * i : 0xff0000u >> 8 * i;
  }
  if (header.pixels_at < kFileHeader + header_size) refuse_damaged(name, "its pixels begin within its header");
  if (header.pixels_at > bytes.size()) refuse_truncated(name);
  if (bits <= 8) read_palette(bytes, header_size, name, header);
  header.icc = embedded_profile(bytes, header_size, name);
  header.linked_profile = header_size >= kV5Header && little_endian(bytes, kColorSpaceAt, 4, name) == kLinked;
  if (header_size >= kInfoHeader) {
    const auto dots = [&](std::size_t at) { return static_cast<double>(little_endian(bytes, at, 4, name)); };
    header.resolution = make_resolution(dots(kDotsAt), dots(kDotsAt + 4), DotsPer::kMetre);
  }
  return header;
}

/// Returns whether the picture is grey, which in BMP only a palette can make it, and no profile says otherwise.
bool is_grey(const BmpHeader& header) {
  constexpr std::uint8_t kGray[] = {'G', 'R', 'A', 'Y'};
  const Bytes space = header.icc.size() >= 20 ? header.icc.subspan(16, 4) : Bytes{};  // ICC.1:2010, 7.2.6
  if (!header.icc.empty() && !std::equal(space.begin(), space.end(), std::begin(kGray), std::end(kGray))) return false;
  for (std::size_t i = 0; i < header.palette.size(); i += 4) {
    const std::uint8_t* entry = &header.palette[i];
    if (entry[0] != entry[1] || entry[1] != entry[2]) return false;
  }
  return !header.palette.empty();
}

/// Makes the profile of a header that gives the colours' end points and gammas itself (LCS_CALIBRATED_RGB). Files that
/// leave them 0 mean nothing by it.
void apply_calibration(Bytes bytes, const std::string& name, ImageMetadata& metadata) {
  if (little_endian(bytes, kColorSpaceAt, 4, name) != kCalibrated) return;
  constexpr double kPointOne = 1 << 30, kGammaOne = 65536;
  double xyz[3][3], sums[3] = {}, gammas[3], total = 0;
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t i = 0; i < 3; ++i) {
      xyz[c][i] = static_cast<double>(little_endian(bytes, kEndPointsAt + 12 * c + 4 * i, 4, name)) / kPointOne;
      sums[c] += xyz[c][i];
    }
    gammas[c] = static_cast<double>(little_endian(bytes, kGammasAt + 4 * c, 4, name)) / kGammaOne;
    total += sums[c];
    if (sums[c] <= 0 || gammas[c] <= 0) return;
  }
  const auto point = [&](std::size_t c) { return Chromaticity{xyz[c][0] / sums[c], xyz[c][1] / sums[c]}; };
  const double x = xyz[0][0] + xyz[1][0] + xyz[2][0], y = xyz[0][1] + xyz[1][1] + xyz[2][1];
  const Primaries primaries{{x / total, y / total}, point(0), point(1), point(2)};
  const bool equal = gammas[0] == gammas[1] && gammas[1] == gammas[2];
  const bool usual = equal && is_srgb(primaries) && std::abs(gammas[0] - 2.2) < 0.01;
  if (usual) return;
  if (equal) metadata.icc = make_profile(primaries, {Transfer::Kind::kGamma, gammas[0]}, false);
  if (metadata.icc.empty()) {
    metadata.left_out.emplace_back("has colours of a kind that is not supported: they are taken as sRGB");
  }
}

/// Returns a header that stb_image reads correctly. Indices beyond a short palette are black.
std::vector<std::uint8_t> written_anew(const BmpHeader& header) {
  constexpr std::size_t kPaletteAt = kFileHeader + kV4Header;
  std::vector<std::uint8_t> out(kPaletteAt + (header.palette.empty() ? 0 : 4 * 256));
  put(out, 0, 2, kMagic);
  put(out, kPixelsAt, 4, out.size());
  put(out, kHeaderSizeAt, 4, kV4Header);
  put(out, kWidthAt, 4, header.width);
  put(out, kHeightAt, 4, header.top_down ? 0 - header.height : header.height);
  put(out, kPlanesAt, 2, 1);
  put(out, kBitsAt, 2, header.bits);
  put(out, kCompressionAt, 4, header.masks[0] != 0 ? kBitFields : kUncompressed);
  for (std::size_t i = 0; i < 4; ++i) put(out, kMasksAt + 4 * i, 4, header.masks[i]);
  std::copy(header.palette.begin(), header.palette.end(), out.begin() + kPaletteAt);
  return out;
}

}  // namespace

Palette palette_of_bmp(Bytes bytes) {
  const BmpHeader header = read_header(bytes, "the file");
  Palette palette;
  for (std::size_t i = 0; i < header.palette.size(); i += 4) {
    palette.push_back({header.palette[i + 2], header.palette[i + 1], header.palette[i]});
  }
  return palette;
}

ImageFile decode_bmp(Bytes bytes, const std::string& name) {
  const BmpHeader header = read_header(bytes, name);
  const std::uint64_t row_bytes = (header.width * header.bits + 31) / 32 * 4;
  const int channels = header.masks[3] != 0 ? 4 : is_grey(header) ? 1 : 3;
  ImageFile file;
  file.format = ImageFormat::kBmp;
  file.image =
      stb_decode({written_anew(header), bytes.subspan(header.pixels_at)}, row_bytes * header.height, channels, name);
  file.metadata.icc.assign(header.icc.begin(), header.icc.end());
  file.metadata.resolution = header.resolution;
  if (header.icc.empty() && file.image.channels != 1 && header.size >= kV4Header)
    apply_calibration(bytes, name, file.metadata);
  if (header.linked_profile) {
    file.metadata.left_out.emplace_back("refers to a colour profile in another file: its colours are taken as sRGB");
  }
  // A profile lies before the pixels or behind them.
  std::size_t end = header.pixels_at + row_bytes * header.height;
  if (!header.icc.empty()) {
    end = std::max(end, static_cast<std::size_t>(header.icc.data() + header.icc.size() - bytes.data()));
  }
  tell_bytes_behind(bytes.subspan(std::min(end, bytes.size())), file.metadata);
  return file;
}

}  // namespace zimage::codecs
