#include "codecs/image_file.h"

#include <algorithm>
#include <string_view>

#include "base/regular_file.h"
#include "base/text.h"
#include "codecs/image_codecs.h"
#include "codecs/metadata/carry.h"
#include "codecs/metadata/exif.h"
#include "codecs/metadata/made_profile.h"
#include "codecs/metadata/xmp.h"
#include "image/orientation.h"
#include "zimage/error.h"

namespace zimage::codecs {
namespace {

constexpr std::size_t kMagicBytes = 32;
constexpr const char* kNeeded = "PNG, JPEG, WebP, TIFF, BMP, GIF, PNM, PSD or TGA is needed";

/// Every format in ImageFormat's order. Each ending, the usual one first, is followed by a space. Formats without an
/// encoder are only read.
constexpr struct {
  const char* name;
  std::string_view endings;
  ImageFile (*decode)(Bytes bytes, const std::string& name);
  std::vector<std::uint8_t> (*encode)(const Image& image, const EncodeOptions& options);
} kFormats[] = {{"png", ".png ", decode_png, encode_png},
                {"jpeg", ".jpg .jpeg .jpe .jfif ", decode_jpeg, encode_jpeg},
                {"webp", ".webp ", decode_webp, encode_webp},
                {"bmp", ".bmp .dib ", decode_bmp, encode_bmp},
                {"tiff", ".tif .tiff ", decode_tiff, encode_tiff},
                {"gif", ".gif ", decode_gif, nullptr},
                {"pnm", ".pnm .pgm .ppm ", decode_pnm, nullptr},
                {"psd", ".psd ", decode_psd, nullptr},
                {"tga", ".tga ", decode_tga, nullptr}};
static_assert(std::size(kFormats) == static_cast<std::size_t>(ImageFormat::kTga) + 1);

const auto& row_of(ImageFormat format) { return kFormats[static_cast<std::size_t>(format)]; }

[[noreturn]] void refuse_unknown(std::string_view start, const std::string& name) {
  if (start.size() > 8 && start.substr(4, 4) == "ftyp") {
    throw Error(ErrorCode::kInput, name + " is a HEIC or AVIF file, which is not supported: " + kNeeded, "convert it");
  }
  throw Error(ErrorCode::kInput, name + " is not a picture: " + kNeeded, "check the path");
}

/// Tells the format by the first bytes, and a TGA also by its name. Errors: kInput if they tell none.
ImageFormat format_of(const std::vector<std::uint8_t>& start, const std::string& name) {
  if (const auto format = format_from_bytes(start)) return *format;
  if (format_from_name(name) == ImageFormat::kTga && is_tga(start)) return ImageFormat::kTga;
  refuse_unknown({reinterpret_cast<const char*>(start.data()), start.size()}, name);
}

/// Turns the pixels upright. A TIFF has its orientation in a tag, other files have it in EXIF.
void turn_upright(ImageFile& file) {
  ImageMetadata& metadata = file.metadata;
  if (file.format != ImageFormat::kTiff) metadata.orientation = exif::orientation(metadata.exif);
  file.image = upright(std::move(file.image), metadata.orientation);
  metadata.exif = exif::as_upright(std::move(metadata.exif));
  if (!metadata.resolution) metadata.resolution = exif::resolution(metadata.exif);
  if (turns_sides(metadata.orientation)) {
    if (metadata.resolution) metadata.resolution = turned(*metadata.resolution);
    const auto resolution = exif::resolution(metadata.exif);
    if (resolution) metadata.exif = exif::with_resolution(std::move(metadata.exif), turned(*resolution), false);
  }
  if (metadata.orientation == 1) return;
  metadata.xmp = upright_xmp(std::move(metadata.xmp));
  drop_places(metadata);
}

/// Takes out of the XMP what is no longer true.
void clean_xmp(ImageMetadata& metadata) {
  const bool had = !metadata.xmp.empty();
  metadata.xmp = without_stale_xmp(std::move(metadata.xmp));
  if (had && metadata.xmp.empty()) {
    metadata.left_out.emplace_back("has damaged XMP that speaks of other contents of the file: it is left out");
  }
  const std::string extension = without_stale_xmp(metadata.xmp_extension);
  if (extension != metadata.xmp_extension) {
    metadata.xmp_extension = extension;
    const std::string id = extension.empty() ? "" : xmp_extension_id(extension);
    metadata.xmp = with_announced_extension(metadata.xmp, id);
    metadata.xmp_extension_id = id;
  }
  if (metadata.xmp_extension.empty()) {
    if (!metadata.xmp_extension_id.empty()) {
      metadata.left_out.emplace_back("lacks parts of its Extended XMP: what there is of it is left out");
    }
    if (metadata.xmp.find("HasExtendedXMP") != std::string::npos) metadata.xmp = merged_xmp(metadata.xmp, "");
  }
}

/// Makes the profile of a picture whose EXIF alone says that it is in Adobe RGB.
void apply_exif_colors(ImageFile& file) {
  ImageMetadata& metadata = file.metadata;
  const bool told = !metadata.icc.empty() || !metadata.color_chunks.empty();
  if (told || file.image.color_channels() == 1 || !exif::is_adobe_rgb(metadata.exif)) return;
  metadata.icc = make_profile(kAdobeRgbPrimaries, {Transfer::Kind::kGamma, kAdobeRgbGamma}, false);
}

void check_image(const Image& image) {
  const bool sizes = image.width > 0 && image.height > 0 && image.channels >= 1 && image.channels <= 4;
  const bool depth = image.bit_depth == 8 || image.bit_depth == 16;
  if (!sizes || !depth || image.samples.size() != image.index(0, image.height)) {
    throw Error(ErrorCode::kRuntime, "the picture to encode has no pixels, or not as many as its size says");
  }
}

}  // namespace

const char* to_string(ImageFormat format) { return row_of(format).name; }

bool is_written(ImageFormat format) { return row_of(format).encode != nullptr; }

std::string ending_of(ImageFormat format) {
  const std::string_view endings = row_of(format).endings;
  return std::string(endings.substr(0, endings.find(' ')));
}

std::optional<ImageFormat> format_from_name(const std::filesystem::path& path) {
  const std::string ending = lower(path.extension().string()) + " ";
  if (ending.size() < 2) return std::nullopt;
  for (std::size_t i = 0; i < std::size(kFormats); ++i) {
    if (kFormats[i].endings.find(ending) != std::string_view::npos) return static_cast<ImageFormat>(i);
  }
  return std::nullopt;
}

std::optional<ImageFormat> format_from_bytes(const std::vector<std::uint8_t>& bytes) {
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (start.starts_with("\x89PNG\r\n\x1a\n")) return ImageFormat::kPng;
  if (start.starts_with("\xff\xd8\xff")) return ImageFormat::kJpeg;
  if (start.starts_with("RIFF") && start.size() >= 12 && start.substr(8, 4) == "WEBP") return ImageFormat::kWebp;
  if (start.starts_with("BM")) return ImageFormat::kBmp;
  if (start.starts_with("GIF87a") || start.starts_with("GIF89a")) return ImageFormat::kGif;
  if (start.starts_with("8BPS")) return ImageFormat::kPsd;
  constexpr std::string_view kPnmKinds = "1234567Ff", kSpaces = " \t\n\r#";
  if (start.starts_with("P") && start.size() > 2 && kPnmKinds.find(start[1]) != kPnmKinds.npos &&
      kSpaces.find(start[2]) != kSpaces.npos) {
    return ImageFormat::kPnm;
  }
  // Classic TIFF and BigTIFF, in both byte orders.
  constexpr std::string_view kTiffStarts("II*\0MM\0*II+\0MM\0+", 16);
  for (std::size_t i = 0; i < kTiffStarts.size(); i += 4) {
    if (start.starts_with(kTiffStarts.substr(i, 4))) return ImageFormat::kTiff;
  }
  return std::nullopt;
}

ImageFormat identify_image(const std::filesystem::path& path) {
  return format_of(read_start(path, kMagicBytes, ErrorCode::kInput), path.string());
}

ImageFormat identify_image(const std::vector<std::uint8_t>& bytes, const std::string& name) {
  return format_of(bytes, name);
}

std::vector<std::uint8_t> read_image_bytes(const std::filesystem::path& path) {
  return read_bytes(path, kMaxFileBytes, ErrorCode::kInput);
}

ImageFile read_image(const std::filesystem::path& path) { return decode_image(read_image_bytes(path), path.string()); }

ImageFile decode_image(const std::vector<std::uint8_t>& bytes, const std::string& name) {
  if (bytes.empty()) throw Error(ErrorCode::kInput, name + " is empty");
  ImageFile file = row_of(format_of(bytes, name)).decode(bytes, name);
  turn_upright(file);
  clean_xmp(file.metadata);
  apply_exif_colors(file);
  return file;
}

std::vector<std::uint8_t> encode_image(const Image& image, const EncodeOptions& options) {
  if (options.quality < 0 || options.quality > 100) {
    throw Error(ErrorCode::kUsage, "quality " + std::to_string(options.quality) + " is not from 1 to 100");
  }
  check_image(image);
  const auto encode = row_of(options.format).encode;
  if (encode != nullptr) return encode(image, options);
  throw Error(ErrorCode::kUsage, std::string(to_string(options.format)) + " files are only read, not written");
}

}  // namespace zimage::codecs
