// JPEG through libjpeg-turbo.
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/log.h"
#include "codecs/image_codecs.h"
#include "codecs/jpeg/jpeg_appended.h"
#include "codecs/jpeg/jpeg_encoder.h"
#include "codecs/jpeg/jpeg_markers.h"
#include "codecs/jpeg/jpeg_segments.h"
#include "codecs/jpeg/jpeg_settings.h"
#include "codecs/jpeg/jpeg_source.h"
#include "zimage/error.h"

namespace zimage::codecs {
namespace {

constexpr int kDefaultQuality = 95;
/// Reads, after open_header(), all pixels as RGB or grey, in the file's orientation. False: see error.message.
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

/// Returns settings for 4:4:4 with libjpeg's tables.
JpegSettings plain_settings(const Image& image) {
  JpegSettings settings;
  settings.width = image.width;
  settings.height = image.height;
  settings.planes = image.color_channels();
  settings.space = settings.planes == 1 ? JCS_GRAYSCALE : JCS_YCbCr;
  for (int p = 1; p < settings.planes; ++p) settings.plane[static_cast<std::size_t>(p)].table = 1;
  return settings;
}

/// Encodes the whole image; with `quality` 0 it uses the tables of `settings`. False: see encoder.error.message.
bool encode(JpegEncoder& encoder, const Image& image, const JpegSettings& settings, int quality,
            const ImageMetadata& metadata, std::vector<std::uint8_t>& row) {
  if (!create(encoder, settings)) return false;
  jpeg_compress_struct& info = encoder.info;
  if (setjmp(encoder.error.jump) != 0) return false;
  if (quality != 0) jpeg_set_quality(&info, quality, TRUE);
  info.dct_method = JDCT_ISLOW;
  jpeg_start_compress(&info, TRUE);
  write_markers(info, metadata);
  write_rows(info, image, row);
  jpeg_finish_compress(&info);
  return true;
}

std::vector<std::uint8_t> encode_whole(const Image& image, const JpegSettings& settings, int quality,
                                       const ImageMetadata& metadata) {
  std::vector<std::uint8_t> row;
  JpegEncoder encoder;
  if (!encode(encoder, image, settings, quality, metadata, row)) {
    throw Error(ErrorCode::kRuntime, std::string("the JPEG can't be encoded: ") + encoder.error.message,
                "write a PNG instead: --format png");
  }
  return encoder.file();
}

JpegSettings divisors_within_reach(JpegSettings settings) {
  for (JpegPlane& plane : settings.plane) limit_divisors(plane);
  return settings;
}

std::vector<std::uint8_t> encode_like_source(const JpegOrigin& origin, const Image& image, const EncodeOptions& options,
                                             const ImageMetadata& metadata) {
  const std::optional<JpegSettings>& settings = origin.settings;
  if (!settings || options.quality != 0) {
    JpegSettings plain = plain_settings(image);
    JpegDecoder source;
    open_header(source, origin.file, kSourceName);
    copy_density(source, plain);
    set_density(metadata.resolution, plain);
    if (!settings && options.quality == 0) {
      log::warning("the JPEG is encoded at quality " + std::to_string(kDefaultQuality) +
                   ": the source's own tables can't be used");
    }
    return encode_whole(image, plain, options.quality == 0 ? kDefaultQuality : options.quality, metadata);
  }
  JpegSettings whole = divisors_within_reach(settings_for(*settings, image.color_channels()));
  whole.width = image.width;
  whole.height = image.height;
  set_density(metadata.resolution, whole);
  return encode_whole(image, whole, 0, metadata);
}

}  // namespace

ImageFile decode_jpeg(Bytes bytes, const std::string& name) {
  JpegDecoder decoder;
  open_header(decoder, bytes, name);
  ImageFile file;
  file.format = ImageFormat::kJpeg;
  file.metadata = read_markers(decoder);
  const AnnouncedContents announced = announced_contents(decoder);
  for (std::string& name : other_segments(decoder, file.metadata, announced.credentials)) {
    file.metadata.dropped.push_back(std::move(name));
  }
  read_late_segments(bytes.last(decoder.info.src->bytes_in_buffer), file.metadata);
  if (!read_pixels(decoder, file.image)) refuse(decoder, name);
  for (std::string& told : appended_contents(decoder, announced, file.metadata.xmp)) {
    file.metadata.left_out.push_back(std::move(told));
  }
  return file;
}

std::vector<std::uint8_t> encode_jpeg(const Image& image, const EncodeOptions& options) {
  const ImageMetadata metadata = writable_markers(options.metadata);
  if (options.jpeg_origin) return encode_like_source(*options.jpeg_origin, image, options, metadata);
  const int quality = options.quality == 0 ? kDefaultQuality : options.quality;
  JpegSettings plain = plain_settings(image);
  set_density(metadata.resolution, plain);
  return encode_whole(image, plain, quality, metadata);
}

}  // namespace zimage::codecs
