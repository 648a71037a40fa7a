// JPEG through libjpeg-turbo.
#include <algorithm>
#include <array>
#include <future>
#include <memory>
#include <optional>

#include "base/log.h"
#include "base/run_async.h"
#include "codecs/image_codecs.h"
#include "codecs/jpeg/jpeg_ahead.h"
#include "codecs/jpeg/jpeg_encoder.h"
#include "codecs/jpeg/jpeg_markers.h"
#include "codecs/jpeg/jpeg_rows.h"
#include "codecs/jpeg/jpeg_settings.h"
#include "codecs/jpeg/jpeg_splice.h"
#include "codecs/jpeg/jpeg_stream.h"
#include "codecs/metadata/exif.h"
#include "image/orientation.h"
#include "zimage/error.h"

namespace zimage::codecs {
namespace {

constexpr int kDefaultQuality = 95;
/// From here on it is worth a thread to take the memory for a picture.
constexpr std::size_t kLargeSamples = std::size_t{16} << 20;

/// The next `count` rows.
bool read_image(JpegDecoder& decoder, int count, Image& image) {
  image = Image(static_cast<int>(decoder.info.output_width), count, decoder.info.output_components);
  const bool large = image.samples.size() > kLargeSamples;
  const std::future<void> touching = ahead_if(large, [&image] { image.samples.touch_from_end(); });
  return read_rows(decoder, image.samples.bytes(), image.index(0, 1), static_cast<JDIMENSION>(count));
}

/// All rows, turned as they come, so that the picture is held once; those of a large one while the next are decoded.
bool read_turned(JpegDecoder& decoder, int orientation, Image& image) {
  constexpr int kBand = 4 * kTurnedRows;
  const auto width = static_cast<int>(decoder.info.output_width);
  const auto height = static_cast<int>(decoder.info.output_height);
  image = Image(height, width, decoder.info.output_components);
  const bool large = image.samples.size() > kLargeSamples;
  const std::size_t stride = static_cast<std::size_t>(width) * static_cast<std::size_t>(image.channels);
  std::array<std::vector<std::uint8_t>, 2> bands;
  for (std::vector<std::uint8_t>& band : bands) band.resize(stride * kBand);
  std::future<void> turning;
  for (int y = 0, i = 0; y < height; y += kBand, i ^= 1) {
    std::uint8_t* rows = bands[static_cast<std::size_t>(i)].data();
    const int count = std::min(kBand, height - y);
    const bool read = read_rows(decoder, rows, stride, static_cast<JDIMENSION>(count));
    if (turning.valid()) turning.get();
    if (!read) return false;
    turning = ahead_if(large, [=, &image] { put_turned(rows, width, y, count, orientation, image); });
  }
  turning.get();
  return true;
}

/// All rows, upright.
bool read_picture(JpegDecoder& decoder, int orientation, Image& image) {
  if (turns_sides(orientation)) return read_turned(decoder, orientation, image);
  if (!read_image(decoder, static_cast<int>(decoder.info.output_height), image)) return false;
  image = upright(std::move(image), orientation);
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

std::unique_ptr<SpliceSource> open_source_of(const EncodeOptions& options) {
  std::unique_ptr<SpliceSource> source = options.jpeg_ahead != nullptr ? options.jpeg_ahead->take() : nullptr;
  if (source != nullptr) return source;
  return open_source(*options.jpeg_source, options.jpeg_orientation);
}

/// Nothing where the source's coefficients can't be kept, or aren't to be.
std::optional<std::vector<std::uint8_t>> keep_coefficients(SpliceSource& source, const Image& image,
                                                           const EncodeOptions& options, const Carried& carried) {
  if (options.jpeg_changed == nullptr || options.quality != 0) return std::nullopt;
  if (!source.upright || !source.settings || !same_shape(*source.settings, image)) return std::nullopt;
  check_mask(*options.jpeg_changed, image.width, image.height);
  if (options.jpeg_changed->all()) return std::nullopt;
  return splice(source, image, *options.jpeg_changed, carried, options.jpeg_stream);
}

std::vector<std::uint8_t> encode_like_source(SpliceSource& source, const Image& image, const EncodeOptions& options,
                                             const Carried& carried) {
  const std::optional<JpegSettings>& settings = source.settings;
  if (!settings || options.quality != 0) {
    JpegSettings plain = plain_settings(image);
    copy_density(source.decoder, plain);
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

/// Of a file whose header has been read.
void decode_part(JpegDecoder& decoder, const std::string& name, int x, int y, int width, int height,
                 const std::function<void(Image rows, int top)>& visit) {
  start_pixels(decoder, name);
  // libjpeg begins at a MCU, and doesn't interpolate colours across the ends of what it is asked for.
  constexpr int kRoom = 64;
  constexpr int kBand = 32;
  auto left = static_cast<JDIMENSION>(std::max(x - kRoom, 0));
  auto wide = std::min(static_cast<JDIMENSION>(x + width + kRoom), decoder.info.output_width) - left;
  if (!crop_columns(decoder, left, wide) || (y > 0 && !skip_rows(decoder, y))) {
    refuse(decoder, name);
  }
  for (int top = y; top < y + height; top += kBand) {
    Image rows;
    if (!read_image(decoder, std::min(kBand, y + height - top), rows)) refuse(decoder, name);
    if (rows.width == width) {
      visit(std::move(rows), top);
      continue;
    }
    Image part(width, rows.height, rows.channels);
    for (int row = 0; row < rows.height; ++row) {
      std::copy_n(rows.samples.bytes() + rows.index(x - static_cast<int>(left), row), part.index(0, 1),
                  part.samples.bytes() + part.index(0, row));
    }
    visit(std::move(part), top);
  }
}

}  // namespace

ImageFile decode_jpeg(Bytes bytes, const std::string& name) {
  JpegDecoder decoder;
  open_header(decoder, bytes, name);
  ImageFile file;
  file.format = ImageFormat::kJpeg;
  file.carried = read_markers(decoder);
  file.carried.orientation = exif::orientation(file.carried.exif);
  start_pixels(decoder, name);
  if (!read_picture(decoder, file.carried.orientation, file.image) || !finish(decoder)) refuse(decoder, name);
  return file;
}

std::vector<std::uint8_t> encode_jpeg(const Image& image, const EncodeOptions& options) {
  if (options.jpeg_kept != nullptr) *options.jpeg_kept = false;
  const Carried carried = writable_markers(options.carried);
  std::unique_ptr<SpliceSource> source;
  if (options.jpeg_source != nullptr) {
    source = open_source_of(options);
    if (auto bytes = keep_coefficients(*source, image, options, carried)) {
      if (options.jpeg_kept != nullptr) *options.jpeg_kept = true;
      return *std::move(bytes);
    }
  }
  const Image whole = options.whole ? options.whole() : Image();
  const Image& picture = options.whole ? whole : image;
  if (source != nullptr) return encode_like_source(*source, picture, options, carried);
  const int quality = options.quality == 0 ? kDefaultQuality : options.quality;
  return encode_whole(picture, plain_settings(picture), quality, carried);
}

}  // namespace zimage::codecs

namespace zimage::codecs {

void decode_jpeg_part(const std::vector<std::uint8_t>& bytes, const std::string& name, int x, int y, int width,
                      int height, const std::function<void(Image rows, int top)>& visit) {
  JpegDecoder decoder;
  open_header(decoder, bytes, name);
  decode_part(decoder, name, x, y, width, height, visit);
}

void decode_jpeg_part(ByteStream& stream, const std::string& name, int x, int y, int width, int height,
                      const std::function<void(Image rows, int top)>& visit) {
  StreamSource source;
  JpegDecoder decoder;
  if (!read_header(decoder, source, stream)) codecs::refuse(decoder, name);
  decode_part(decoder, name, x, y, width, height, visit);
}

std::optional<JpegProfile> read_jpeg_profile(const std::vector<std::uint8_t>& bytes) {
  JpegDecoder decoder;
  if (format_from_bytes(bytes) != ImageFormat::kJpeg || !read_header(decoder, bytes)) return std::nullopt;
  Carried carried = read_markers(decoder);
  if (carried.icc.empty()) return std::nullopt;
  return JpegProfile{std::move(carried.icc), decoder.info.num_components == 1};
}

Mask jpeg_changed_pixels(const std::vector<std::uint8_t>& source, const Mask& changed) {
  JpegDecoder decoder;
  open_header(decoder, source, codecs::kSourceName);
  const std::optional<JpegSettings> settings = codecs::read_settings(decoder);
  Mask all(static_cast<int>(decoder.info.image_width), static_cast<int>(decoder.info.image_height));
  check_mask(changed, all.width, all.height);
  if (settings && can_be_spliced(decoder)) return codecs::changed_pixels(*settings, changed);
  std::fill(all.repaint.begin(), all.repaint.end(), std::uint8_t{1});
  return all;
}

}  // namespace zimage::codecs
