#include "codecs/tiff/tiff_metadata.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "codecs/metadata/exif.h"
#include "codecs/metadata/photoshop.h"
#include "codecs/metadata/tiff_tags.h"

namespace zimage::codecs {
namespace {

/// C2PA's tag, Photoshop's resources, and the pictures below the page.
constexpr std::uint16_t kManifest = 0xcd41, kPhotoshop = 0x8649, kSubDirectories = 0x014a;

TiffPacking packing_of(std::uint16_t compression) {
  switch (compression) {
    case COMPRESSION_NONE: return TiffPacking::kNone;
    case COMPRESSION_PACKBITS: return TiffPacking::kPackBits;
    case COMPRESSION_LZW: return TiffPacking::kLzw;
    default: return TiffPacking::kDeflate;
  }
}

std::optional<Resolution> resolution_of(TIFF* tiff) {
  float x = 0, y = 0;
  std::uint16_t unit = RESUNIT_INCH;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_RESOLUTIONUNIT, &unit);
  if (TIFFGetField(tiff, TIFFTAG_XRESOLUTION, &x) != 1 || TIFFGetField(tiff, TIFFTAG_YRESOLUTION, &y) != 1) {
    return std::nullopt;
  }
  return make_resolution(x, y,
                         unit == RESUNIT_INCH         ? DotsPer::kInch
                         : unit == RESUNIT_CENTIMETER ? DotsPer::kCentimetre
                                                      : DotsPer::kNothing);
}

/// Names what of the first page no result has.
void tell_of_the_rest(TIFF* tiff, Bytes tags, const TiffLayout& layout, ImageMetadata& metadata) {
  metadata.dropped = exif::left_by_tiff(tags);
  for (std::string& name : photoshop::names_of_others(exif::tag_of_tiff(tags, kPhotoshop))) {
    metadata.dropped.push_back(std::move(name));
  }
  std::uint16_t count = 0;
  const void* offsets = nullptr;
  if (TIFFGetField(tiff, kSubDirectories, &count, &offsets) == 1 && count > 0) {
    metadata.dropped.emplace_back("the pictures below its first page (SubIFDs)");
  }
  const int extra = layout.samples - layout.color_samples() - (layout.alpha >= 0 ? 1 : 0);
  if (extra > 0) {
    metadata.left_out.push_back(concat({"has ", std::to_string(extra), " more channel", extra > 1 ? "s" : "",
                                        " (saved selections, for example), left out of the result"}));
  }
}

}  // namespace

void read_tiff_metadata(TIFF* tiff, Bytes bytes, const TiffLayout& layout, ImageMetadata& metadata) {
  std::uint16_t number = COMPRESSION_NONE;
  if (TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &number) == 1) metadata.tiff_packing = packing_of(number);
  number = 0;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &number);
  if (number >= 1 && number <= 8) metadata.orientation = number;
  std::uint32_t size = 0;
  const std::uint8_t* data = nullptr;
  if (TIFFGetField(tiff, TIFFTAG_ICCPROFILE, &size, &data) == 1) metadata.icc.assign(data, data + size);
  if (TIFFGetField(tiff, TIFFTAG_XMLPACKET, &size, &data) == 1) metadata.xmp.assign(data, data + size);
  metadata.resolution = resolution_of(tiff);
  const std::vector<std::uint8_t> classic = tiff::as_classic(bytes);
  const Bytes tags = classic.empty() ? bytes : Bytes(classic);
  metadata.exif = exif::from_tiff(tags);
  bool differs = false;
  metadata.photoshop = exif::photoshop_of_tiff(tags, differs);
  metadata.tiff_tags = tiff::own_tags(tags);
  if (tiff::has(tags, kManifest)) metadata.left_out.emplace_back(kContentCredentials);
  tell_of_the_rest(tiff, tags, layout, metadata);
  if (differs) metadata.dropped.emplace_back("the IPTC of tag 33723 (Photoshop's says something else)");
}

bool has_further_pages(TIFF* tiff, ImageMetadata& metadata) {
  constexpr std::uint32_t kThumbnail = 512;
  bool copies = false, pages = false;
  while (!pages && TIFFLastDirectory(tiff) == 0 && TIFFReadDirectory(tiff) == 1) {
    std::uint32_t kind = 0, width = 0, height = 0;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SUBFILETYPE, &kind);
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
    const bool reduced = (kind & FILETYPE_REDUCEDIMAGE) != 0;
    pages = !reduced;
    copies = copies || (reduced && std::max(width, height) > kThumbnail);
  }
  if (copies) metadata.dropped.emplace_back("its smaller copies (a pyramid)");
  return pages;
}

}  // namespace zimage::codecs
