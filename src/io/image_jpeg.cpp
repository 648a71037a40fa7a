// JPEG through libjpeg-turbo.
#include <algorithm>
#include <optional>

#include "core/log.h"
#include "io/image_codecs.h"
#include "io/jpeg_markers.h"
#include "io/jpeg_settings.h"
#include "io/jpeg_splice.h"
#include "zimage/error.h"

namespace zimage::io::codec {
namespace {

constexpr int kDefaultQuality = 95;

bool start(JpegDecoder& decoder, J_COLOR_SPACE space) {
  if (setjmp(decoder.error.jump) != 0) return false;
  decoder.info.out_color_space = space;
  decoder.info.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&decoder.info);
  return true;
}

/// By way of a row of bytes, which stays in the cache.
bool read_rows(JpegDecoder& decoder, std::uint8_t* row, std::size_t row_samples, std::uint16_t* samples) {
  if (setjmp(decoder.error.jump) != 0) return false;
  while (decoder.info.output_scanline < decoder.info.output_height) {
    std::uint16_t* to = samples + decoder.info.output_scanline * row_samples;
    jpeg_read_scanlines(&decoder.info, &row, 1);
    std::copy_n(row, row_samples, to);
  }
  jpeg_finish_decompress(&decoder.info);
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
            std::uint8_t* row_buffer) {
  prepare(encoder.error);
  jpeg_compress_struct& info = encoder.info;
  info.err = &encoder.error.manager;
  if (setjmp(encoder.error.jump) != 0) return false;
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &encoder.out, &encoder.size);
  apply_settings(info, settings);
  if (quality != 0) jpeg_set_quality(&info, quality, TRUE);
  info.dct_method = JDCT_ISLOW;
  jpeg_start_compress(&info, TRUE);
  write_markers(info, carried);
  while (info.next_scanline < info.image_height) {
    row_to_bytes(image, static_cast<int>(info.next_scanline), settings.planes, row_buffer);
    jpeg_write_scanlines(&info, &row_buffer, 1);
  }
  jpeg_finish_compress(&info);
  return true;
}

std::vector<std::uint8_t> encode_whole(const Image& image, const JpegSettings& settings, int quality,
                                       const Carried& carried) {
  std::vector<std::uint8_t> row(static_cast<std::size_t>(image.width) * static_cast<std::size_t>(settings.planes));
  JpegEncoder encoder;
  if (!encode(encoder, image, settings, quality, carried, row.data())) {
    throw Error(ErrorCode::kRuntime, std::string("the JPEG can't be encoded: ") + encoder.error.message,
                "write a PNG instead: --format png");
  }
  return {encoder.out, encoder.out + encoder.size};
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

void open(JpegDecoder& decoder, Bytes bytes) {
  if (!read_header(decoder, bytes)) refuse(decoder, kSourceName);
  check_header(decoder, bytes.size(), kSourceName);
}

std::vector<std::uint8_t> encode_like_source(const Image& image, const EncodeOptions& options, const Carried& carried) {
  JpegDecoder source;
  open(source, *options.jpeg_source);
  const std::optional<JpegSettings> settings = read_settings(source);
  if (!settings || options.quality != 0) {
    JpegSettings plain = plain_settings(image);
    copy_density(source, plain);
    if (!settings && options.quality == 0) {
      log::warning("the JPEG is encoded at quality " + std::to_string(kDefaultQuality) +
                   ": the source's own tables can't be used");
    }
    return encode_whole(image, plain, options.quality == 0 ? kDefaultQuality : options.quality, carried);
  }
  if (options.jpeg_changed != nullptr && same_shape(*settings, image)) {
    check_mask(*options.jpeg_changed, image.width, image.height);
    const auto& repaint = options.jpeg_changed->repaint;
    const bool all = std::find(repaint.begin(), repaint.end(), 0) == repaint.end();  // nothing to keep
    auto bytes = all ? std::nullopt : splice(source, *settings, image, *options.jpeg_changed, carried);
    if (bytes) return *std::move(bytes);
  }
  JpegSettings whole = divisors_within_reach(settings_for(*settings, image.color_channels()));
  whole.width = image.width;
  whole.height = image.height;
  return encode_whole(image, whole, 0, carried);
}

}  // namespace

ImageFile decode_jpeg(Bytes bytes, const std::string& name) {
  JpegDecoder decoder;
  if (!read_header(decoder, bytes)) refuse(decoder, name);
  check_header(decoder, bytes.size(), name);
  ImageFile file;
  file.format = ImageFormat::kJpeg;
  file.carried = read_markers(decoder);
  const jpeg_decompress_struct& info = decoder.info;
  if (!start(decoder, info.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB)) refuse(decoder, name);

  file.image = Image(static_cast<int>(info.output_width), static_cast<int>(info.output_height), info.output_components);
  std::vector<std::uint8_t> row(std::size_t{info.output_width} * static_cast<std::size_t>(info.output_components));
  if (!read_rows(decoder, row.data(), row.size(), file.image.samples.data())) refuse(decoder, name);
  return file;
}

std::vector<std::uint8_t> encode_jpeg(const Image& image, const EncodeOptions& options) {
  const Carried carried = writable_markers(options.carried);
  if (options.jpeg_source != nullptr) return encode_like_source(image, options, carried);
  const int quality = options.quality == 0 ? kDefaultQuality : options.quality;
  return encode_whole(image, plain_settings(image), quality, carried);
}

}  // namespace zimage::io::codec

namespace zimage::io {

Mask jpeg_changed_pixels(const std::vector<std::uint8_t>& source, const Mask& changed) {
  codec::JpegDecoder decoder;
  codec::open(decoder, source);
  const std::optional<codec::JpegSettings> settings = codec::read_settings(decoder);
  Mask all(static_cast<int>(decoder.info.image_width), static_cast<int>(decoder.info.image_height));
  codec::check_mask(changed, all.width, all.height);
  if (settings && codec::can_be_spliced(decoder)) return codec::changed_pixels(*settings, changed);
  std::fill(all.repaint.begin(), all.repaint.end(), std::uint8_t{1});
  return all;
}

}  // namespace zimage::io
