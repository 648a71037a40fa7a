// Writes TIFF to memory, through libtiff: strips of rows, samples interleaved.
#include <algorithm>
#include <cstring>
#include <new>

#include "codecs/image_codecs.h"
#include "codecs/metadata/exif.h"
#include "codecs/tiff/tiff_support.h"
#include "zimage/error.h"

namespace zimage::codecs {
namespace {

/// It is small enough for a processor's cache, and large enough that strips add no overhead.
constexpr std::uint64_t kStripBytes = std::uint64_t{1} << 19;
/// For 24 megapixels, level 4 takes 0.5 s (smooth) and 1.0 s (noisy). Level 6 takes 1.3 and 1.0 s; its files are 20 %
/// smaller (smooth) and no smaller (noisy).
constexpr int kDeflateLevel = 4;
/// Room for the directories.
constexpr std::size_t kRoom = std::size_t{1} << 16;

struct Sink {
  std::vector<std::uint8_t> bytes;
  std::uint64_t position = 0;
  bool no_memory = false;
};

// Nothing is read back while a file is written.
tmsize_t on_read(thandle_t, void*, tmsize_t) { return 0; }

/// Writes mostly at the end; libtiff writes the header again once it knows where the directory is.
tmsize_t on_write(thandle_t handle, void* data, tmsize_t size) {
  auto* sink = static_cast<Sink*>(handle);
  const auto* begin = static_cast<const std::uint8_t*>(data);
  const std::uint64_t count = size < 0 ? 0 : static_cast<std::uint64_t>(size);
  try {
    if (sink->position > sink->bytes.size()) sink->bytes.resize(sink->position);
    const std::uint64_t within = std::min(count, sink->bytes.size() - sink->position);
    if (within > 0) std::memcpy(sink->bytes.data() + sink->position, begin, within);
    sink->bytes.insert(sink->bytes.end(), begin + within, begin + count);
  } catch (const std::bad_alloc&) {
    sink->no_memory = true;  // exceptions must not pass through libtiff
    return -1;
  }
  sink->position += count;
  return static_cast<tmsize_t>(count);
}

toff_t on_seek(thandle_t handle, toff_t offset, int whence) {
  auto* sink = static_cast<Sink*>(handle);
  const std::uint64_t base = whence == SEEK_CUR ? sink->position : whence == SEEK_END ? sink->bytes.size() : 0;
  return sink->position = base + offset;
}

int on_close(thandle_t) { return 0; }

toff_t on_size(thandle_t handle) { return static_cast<Sink*>(handle)->bytes.size(); }

[[noreturn]] void encoding_failed(const Sink& sink) {
  if (sink.no_memory) throw std::bad_alloc();
  throw Error(ErrorCode::kRuntime, std::string("the TIFF can't be encoded: ") + tiff_error());
}

std::uint16_t compression_of(TiffPacking packing) {
  switch (packing) {
    case TiffPacking::kNone: return COMPRESSION_NONE;
    case TiffPacking::kPackBits: return COMPRESSION_PACKBITS;
    case TiffPacking::kLzw: return COMPRESSION_LZW;
    case TiffPacking::kDeflate: break;
  }
  return COMPRESSION_ADOBE_DEFLATE;
}

std::uint64_t row_bytes_of(const Image& image) { return image.index(0, 1) * image.samples.sample_bytes(); }

bool set_packing(TIFF* tiff, TiffPacking packing) {
  if (TIFFSetField(tiff, TIFFTAG_COMPRESSION, compression_of(packing)) != 1) return false;
  if (packing == TiffPacking::kDeflate && TIFFSetField(tiff, TIFFTAG_ZIPQUALITY, kDeflateLevel) != 1) return false;
  if (packing == TiffPacking::kNone || packing == TiffPacking::kPackBits) return true;
  return TIFFSetField(tiff, TIFFTAG_PREDICTOR, PREDICTOR_HORIZONTAL) == 1;
}

bool set_fields(TIFF* tiff, const Image& image, const ImageMetadata& metadata) {
  const auto number = [&](std::uint32_t tag, int value) { return TIFFSetField(tiff, tag, value) == 1; };
  const auto bytes = [&](std::uint32_t tag, const void* data, std::size_t size) {
    return size == 0 || TIFFSetField(tiff, tag, static_cast<std::uint32_t>(size), data) == 1;
  };
  const std::uint16_t straight = EXTRASAMPLE_UNASSALPHA;
  const bool grey = image.color_channels() == 1;
  return number(TIFFTAG_IMAGEWIDTH, image.width) && number(TIFFTAG_IMAGELENGTH, image.height) &&
         number(TIFFTAG_BITSPERSAMPLE, image.bit_depth) && number(TIFFTAG_SAMPLESPERPIXEL, image.channels) &&
         number(TIFFTAG_PHOTOMETRIC, grey ? PHOTOMETRIC_MINISBLACK : PHOTOMETRIC_RGB) &&
         (!image.has_alpha() || TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, &straight) == 1) &&
         number(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) && number(TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT) &&
         set_packing(tiff, metadata.tiff_packing) &&
         bytes(TIFFTAG_ICCPROFILE, metadata.icc.data(), metadata.icc.size()) &&
         bytes(TIFFTAG_XMLPACKET, metadata.xmp.data(), metadata.xmp.size());
}

bool set_resolution(TIFF* tiff, const ImageMetadata& metadata) {
  if (!metadata.resolution) return true;
  const bool centimetres = metadata.resolution->unit == DotsPer::kCentimetre;
  const Resolution dots = in_unit(*metadata.resolution, centimetres ? DotsPer::kCentimetre : DotsPer::kInch);
  const int unit = dots.unit == DotsPer::kNothing ? RESUNIT_NONE : centimetres ? RESUNIT_CENTIMETER : RESUNIT_INCH;
  return TIFFSetField(tiff, TIFFTAG_XRESOLUTION, dots.x) == 1 && TIFFSetField(tiff, TIFFTAG_YRESOLUTION, dots.y) == 1 &&
         TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT, unit) == 1;
}

bool write_strips(TIFF* tiff, const Image& image) {
  const std::uint64_t row_bytes = row_bytes_of(image);
  const auto rows =
      static_cast<int>(std::clamp<std::uint64_t>(kStripBytes / row_bytes, 1, static_cast<std::uint64_t>(image.height)));
  if (TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, rows) != 1) return false;
  std::vector<std::uint8_t> copy;
  std::uint32_t strip = 0;
  for (int y = 0; y < image.height; y += rows, ++strip) {
    const auto size = static_cast<std::uint64_t>(std::min(rows, image.height - y)) * row_bytes;
    const std::uint8_t* samples = image.samples.address(image.index(0, y));
    // libtiff swaps the bytes of samples in place if the file's byte order needs it; else it leaves them alone.
    auto* data = const_cast<std::uint8_t*>(samples);
    if (image.bit_depth == 16 && TIFFIsByteSwapped(tiff) != 0) {
      copy.assign(samples, samples + size);
      data = copy.data();
    }
    if (TIFFWriteEncodedStrip(tiff, strip, data, static_cast<tmsize_t>(size)) < 0) return false;
  }
  return true;
}

}  // namespace

std::vector<std::uint8_t> encode_tiff(const Image& image, const EncodeOptions& options) {
  const ImageMetadata& metadata = options.metadata;
  Sink sink;
  // Reserve enough for incompressible pixels: growing would copy the bytes, and unused room costs no memory.
  sink.bytes.reserve(row_bytes_of(image) * static_cast<std::uint64_t>(image.height) + 2 * metadata.exif.size() +
                     2 * metadata.photoshop.size() + metadata.tiff_tags.size() + metadata.icc.size() +
                     metadata.xmp.size() + kRoom);
  collect_tiff_errors();
  // EXIF entries are copied as they are, so the whole file must have their byte order.
  const char* mode = exif::is_big_endian(metadata.exif) ? "wb" : "wl";
  TiffHandle tiff(
      TIFFClientOpen("picture", mode, &sink, on_read, on_write, on_seek, on_close, on_size, nullptr, nullptr));
  if (tiff == nullptr || !set_fields(tiff.get(), image, metadata) || !set_resolution(tiff.get(), metadata) ||
      !write_strips(tiff.get(), image) || TIFFWriteDirectory(tiff.get()) != 1) {
    encoding_failed(sink);
  }
  tiff.reset();
  exif::into_tiff(metadata.exif, metadata.photoshop, metadata.tiff_tags, sink.bytes);
  return std::move(sink.bytes);
}

}  // namespace zimage::codecs
