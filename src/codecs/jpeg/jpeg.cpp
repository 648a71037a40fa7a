// JPEG through libjpeg-turbo.
#include <algorithm>
#include <memory>
#include <optional>

#include "base/log.h"
#include "codecs/image_codecs.h"
#include "codecs/jpeg/jpeg_encoder.h"
#include "codecs/jpeg/jpeg_markers.h"
#include "codecs/jpeg/jpeg_settings.h"
#include "codecs/jpeg/jpeg_splice.h"
#include "zimage/error.h"

namespace zimage::codecs {
namespace {

constexpr int kDefaultQuality = 95;
/// After open_header(): the whole file's pixels, RGB or grey, as they lie in the file. False: error.message.
bool read_pixels(JpegDecoder& decoder, Image& image) {
  if (setjmp(decoder.error.jump) != 0) return false;
  jpeg_decompress_struct& info = decoder.info;
  info.out_color_space = info.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  info.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&info);
  image = Image(static_cast<int>(info.output_width), static_cast<int>(info.output_height), info.output_components);
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = image.samples.bytes() + image.index(0, static_cast<int>(info.output_scanline));
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  return true;
}

/// 4:4:4 with libjpeg's tables.
JpegSettings plain_settings(const Image& image) {
  JpegSettings settings;
  settings.width = image.width;
  settings.height = image.height;
  settings.planes = image.color_channels();
  settings.space = settings.planes == 1 ? JCS_GRAYSCALE : JCS_YCbCr;
  for (int p = 1; p < settings.planes; ++p) settings.plane[static_cast<std::size_t>(p)].table = 1;
  return settings;
}

/// With `quality` 0 the tables of `settings`.
bool encode(JpegEncoder& encoder, const Image& image, const JpegSettings& settings, int quality, const Carried& carried,
            std::vector<std::uint8_t>& row) {
  if (!create(encoder, settings)) return false;
  jpeg_compress_struct& info = encoder.info;
  if (setjmp(encoder.error.jump) != 0) return false;
  if (quality != 0) jpeg_set_quality(&info, quality, TRUE);
  info.dct_method = JDCT_ISLOW;
  jpeg_start_compress(&info, TRUE);
  write_markers(info, carried);
  write_rows(info, image, 0, 0, row);
  jpeg_finish_compress(&info);
  return true;
}

std::vector<std::uint8_t> encode_whole(const Image& image, const JpegSettings& settings, int quality,
                                       const Carried& carried) {
  std::vector<std::uint8_t> row;
  JpegEncoder encoder;
  if (!encode(encoder, image, settings, quality, carried, row)) {
    throw Error(ErrorCode::kRuntime, std::string("the JPEG can't be encoded: ") + encoder.error.message,
                "write a PNG instead: --format png");
  }
  return encoder.file();
}

JpegSettings divisors_within_reach(JpegSettings settings) {
  for (JpegPlane& plane : settings.plane) limit_divisors(plane);
  return settings;
}

/// The source is the picture's own file: the same size and number of colours.
bool same_shape(const JpegSettings& source, const Image& image) {
  return source.width == image.width && source.height == image.height && source.planes == image.color_channels();
}

void check_mask(const Mask& changed, int width, int height) {
  const std::size_t pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  if (changed.width == width && changed.height == height && changed.repaint.size() == pixels) return;
  throw Error(ErrorCode::kRuntime, "the mask of a JPEG's changed pixels isn't of its size");
}

/// Nothing where the source's coefficients can't be kept, or aren't to be.
std::optional<std::vector<std::uint8_t>> keep_coefficients(const JpegOrigin& origin, const Image& image,
                                                           const EncodeOptions& options, const Carried& carried) {
  if (options.jpeg_changed == nullptr || options.quality != 0) return std::nullopt;
  if (!origin.upright || !origin.settings || !same_shape(*origin.settings, image)) return std::nullopt;
  check_mask(*options.jpeg_changed, image.width, image.height);
  if (options.jpeg_changed->all()) return std::nullopt;
  return splice(origin, image, *options.jpeg_changed, carried);
}

std::vector<std::uint8_t> encode_like_source(const JpegOrigin& origin, const Image& image, const EncodeOptions& options,
                                             const Carried& carried) {
  const std::optional<JpegSettings>& settings = origin.settings;
  if (!settings || options.quality != 0) {
    JpegSettings plain = plain_settings(image);
    JpegDecoder source;
    open_header(source, origin.file, kSourceName);
    copy_density(source, plain);
    if (!settings && options.quality == 0) {
      log::warning("the JPEG is encoded at quality " + std::to_string(kDefaultQuality) +
                   ": the source's own tables can't be used");
    }
    return encode_whole(image, plain, options.quality == 0 ? kDefaultQuality : options.quality, carried);
  }
  JpegSettings whole = divisors_within_reach(settings_for(*settings, image.color_channels()));
  whole.width = image.width;
  whole.height = image.height;
  return encode_whole(image, whole, 0, carried);
}

}  // namespace

ImageFile decode_jpeg(Bytes bytes, const std::string& name) {
  JpegDecoder decoder;
  open_header(decoder, bytes, name);
  ImageFile file;
  file.format = ImageFormat::kJpeg;
  file.carried = read_markers(decoder);
  if (!read_pixels(decoder, file.image)) refuse(decoder, name);
  return file;
}

std::vector<std::uint8_t> encode_jpeg(const Image& image, const EncodeOptions& options) {
  if (options.jpeg_kept != nullptr) *options.jpeg_kept = false;
  const Carried carried = writable_markers(options.carried);
  if (const JpegOrigin* origin = options.jpeg_origin.get()) {
    auto bytes = keep_coefficients(*origin, image, options, carried);
    if (options.jpeg_kept != nullptr) *options.jpeg_kept = bytes.has_value();
    return bytes ? *std::move(bytes) : encode_like_source(*origin, image, options, carried);
  }
  const int quality = options.quality == 0 ? kDefaultQuality : options.quality;
  return encode_whole(image, plain_settings(image), quality, carried);
}

}  // namespace zimage::codecs
