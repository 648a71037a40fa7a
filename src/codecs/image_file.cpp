#include "codecs/image_file.h"

#include <algorithm>
#include <string_view>

#include "base/regular_file.h"
#include "base/text.h"
#include "codecs/image_codecs.h"
#include "codecs/metadata/exif.h"
#include "codecs/metadata/xmp.h"
#include "image/orientation.h"
#include "zimage/error.h"

namespace zimage::codecs {
namespace {

/// 2^28 pixels of four 16-bit samples, as they come at worst.
constexpr std::size_t kMaxFileBytes = (std::size_t{1} << 31) + (std::size_t{1} << 26);
constexpr std::size_t kMagicBytes = 32;
constexpr const char* kNeeded = "PNG, JPEG, WebP, BMP or TIFF is needed";

[[noreturn]] void refuse_unknown(std::string_view start, const std::string& name) {
  std::string kind;
  if (start.starts_with("GIF8")) kind = "GIF";
  if (start.size() > 8 && start.substr(4, 4) == "ftyp") kind = "HEIC or AVIF";
  if (start.starts_with("8BPS")) kind = "Photoshop";
  if (kind.empty()) throw Error(ErrorCode::kInput, name + " is not a picture: " + kNeeded, "check the path");
  throw Error(ErrorCode::kInput, name + " is a " + kind + " file, which is not supported: " + kNeeded, "convert it");
}

ImageFile decode_as(ImageFormat format, const std::vector<std::uint8_t>& bytes, const std::string& name) {
  switch (format) {
    case ImageFormat::kPng: return decode_png(bytes, name);
    case ImageFormat::kJpeg: return decode_jpeg(bytes, name);
    case ImageFormat::kWebp: return decode_webp(bytes, name);
    case ImageFormat::kTiff: return decode_tiff(bytes, name);
    case ImageFormat::kBmp: break;
  }
  return decode_bmp(bytes, name);
}

/// TIFF has a tag for the orientation, the others say it in EXIF.
void turn_upright(ImageFile& file) {
  ImageMetadata& metadata = file.metadata;
  if (file.format != ImageFormat::kTiff) metadata.orientation = exif::orientation(metadata.exif);
  file.image = upright(std::move(file.image), metadata.orientation);
  metadata.exif = exif::as_upright(std::move(metadata.exif));
  if (metadata.orientation != 1) metadata.xmp = upright_xmp(std::move(metadata.xmp));
}

void check_image(const Image& image) {
  const bool sizes = image.width > 0 && image.height > 0 && image.channels >= 1 && image.channels <= 4;
  const bool depth = image.bit_depth == 8 || image.bit_depth == 16;
  if (!sizes || !depth || image.samples.size() != image.index(0, image.height)) {
    throw Error(ErrorCode::kRuntime, "the picture to encode has no pixels, or not as many as its size says");
  }
}

}  // namespace

const char* to_string(ImageFormat format) {
  switch (format) {
    case ImageFormat::kPng: return "png";
    case ImageFormat::kJpeg: return "jpeg";
    case ImageFormat::kWebp: return "webp";
    case ImageFormat::kBmp: return "bmp";
    case ImageFormat::kTiff: return "tiff";
  }
  return "png";
}

std::optional<ImageFormat> format_from_name(const std::filesystem::path& path) {
  const std::string ending = lower(path.extension().string());
  if (ending == ".png") return ImageFormat::kPng;
  if (ending == ".jpg" || ending == ".jpeg" || ending == ".jpe" || ending == ".jfif") return ImageFormat::kJpeg;
  if (ending == ".webp") return ImageFormat::kWebp;
  if (ending == ".bmp" || ending == ".dib") return ImageFormat::kBmp;
  if (ending == ".tif" || ending == ".tiff") return ImageFormat::kTiff;
  return std::nullopt;
}

std::optional<ImageFormat> format_from_bytes(const std::vector<std::uint8_t>& bytes) {
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (start.starts_with("\x89PNG\r\n\x1a\n")) return ImageFormat::kPng;
  if (start.starts_with("\xff\xd8\xff")) return ImageFormat::kJpeg;
  if (start.starts_with("RIFF") && start.size() >= 12 && start.substr(8, 4) == "WEBP") return ImageFormat::kWebp;
  if (start.starts_with("BM")) return ImageFormat::kBmp;
  // Classic TIFF and BigTIFF, in both byte orders.
  constexpr std::string_view kTiffStarts("II*\0MM\0*II+\0MM\0+", 16);
  for (std::size_t i = 0; i < kTiffStarts.size(); i += 4) {
    if (start.starts_with(kTiffStarts.substr(i, 4))) return ImageFormat::kTiff;
  }
  return std::nullopt;
}

ImageFormat identify_image(const std::filesystem::path& path) {
  std::vector<std::uint8_t> start = read_start(path, kMagicBytes, ErrorCode::kInput);
  const std::optional<ImageFormat> format = format_from_bytes(start);
  if (!format) refuse_unknown({reinterpret_cast<const char*>(start.data()), start.size()}, path.string());
  return *format;
}

std::vector<std::uint8_t> read_image_bytes(const std::filesystem::path& path) {
  return read_bytes(path, kMaxFileBytes, ErrorCode::kInput);
}

ImageFile read_image(const std::filesystem::path& path) { return decode_image(read_image_bytes(path), path.string()); }

ImageFile decode_image(const std::vector<std::uint8_t>& bytes, const std::string& name) {
  if (bytes.empty()) throw Error(ErrorCode::kInput, name + " is empty");
  const std::optional<ImageFormat> format = format_from_bytes(bytes);
  if (!format) refuse_unknown({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, name);
  ImageFile file = decode_as(*format, bytes, name);
  turn_upright(file);
  return file;
}

std::vector<std::uint8_t> encode_image(const Image& image, const EncodeOptions& options) {
  if (options.quality < 0 || options.quality > 100) {
    throw Error(ErrorCode::kUsage, "quality " + std::to_string(options.quality) + " is not from 1 to 100");
  }
  check_image(image);
  switch (options.format) {
    case ImageFormat::kPng: return encode_png(image, options);
    case ImageFormat::kJpeg: return encode_jpeg(image, options);
    case ImageFormat::kWebp: return encode_webp(image, options);
    case ImageFormat::kTiff: return encode_tiff(image, options);
    case ImageFormat::kBmp: break;
  }
  return encode_bmp(image, options);
}

}  // namespace zimage::codecs
