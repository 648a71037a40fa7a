#include "codecs/tiff/tiff_color.h"

#include <algorithm>

#include "codecs/metadata/made_profile.h"

namespace zimage::codecs {
namespace {

/// Returns the table of 2^bits entries that all colours share; empty if they have different ones.
std::vector<std::uint16_t> one_table(std::uint16_t* const (&tables)[3], const TiffLayout& layout) {
  const std::size_t count = std::size_t{1} << layout.bits;
  const auto same = [&](const std::uint16_t* other) {
    return other == nullptr || std::equal(tables[0], tables[0] + count, other);
  };
  if (tables[0] == nullptr || !same(tables[1]) || !same(tables[2])) return {};
  return {tables[0], tables[0] + count};
}

bool has(TIFF* tiff, std::uint32_t tag, std::size_t count, float* values) {
  float* found = nullptr;
  if (TIFFGetField(tiff, tag, &found) != 1 || found == nullptr) return false;
  std::copy_n(found, count, values);
  return true;
}

}  // namespace

void apply_tiff_colors(TIFF* tiff, const TiffLayout& layout, ImageMetadata& metadata) {
  float p[6] = {}, white[2] = {};
  const bool primaries = has(tiff, TIFFTAG_PRIMARYCHROMATICITIES, 6, p);
  std::uint16_t* tables[3] = {};
  const bool curve = TIFFGetField(tiff, TIFFTAG_TRANSFERFUNCTION, &tables[0], &tables[1], &tables[2]) == 1;
  if (!metadata.icc.empty() || (!primaries && !curve)) return;
  Primaries colors = kSrgbPrimaries;
  if (primaries) colors = {kD65, {p[0], p[1]}, {p[2], p[3]}, {p[4], p[5]}};
  if (primaries && has(tiff, TIFFTAG_WHITEPOINT, 2, white)) colors.white = {white[0], white[1]};
  Transfer transfer;
  if (curve) transfer = {Transfer::Kind::kTable, 1, one_table(tables, layout)};
  const bool grey = layout.color_channels() == 1;
  if (!curve && (grey || is_srgb(colors))) return;
  metadata.icc = make_profile(colors, transfer, grey);
  if (metadata.icc.empty()) {
    metadata.left_out.emplace_back("has tags about its colours that can't be used: its colours are taken as sRGB");
  }
}

}  // namespace zimage::codecs
