#include "codecs/jpeg/jpeg_markers.h"

#include <array>
#include <cstring>
#include <string_view>

#include "base/log.h"

namespace zimage::codecs {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kExif = "Exif\0\0"sv;
constexpr std::string_view kXmp = "http://ns.adobe.com/xap/1.0/\0"sv;
constexpr std::size_t kMaxSegment = 65533;
/// A profile needs 14 bytes of each segment for its own header, and the number of segments is a byte.
constexpr std::size_t kMaxIcc = 255 * (kMaxSegment - 14);

/// A buffer for a segment's prefix and content. It is thread-local so that longjmp skips no destructor.
thread_local std::array<std::uint8_t, kMaxSegment> segment;

void write_segment(jpeg_compress_struct& info, std::string_view prefix, const void* data, std::size_t size) {
  if (size == 0) return;
  std::memcpy(segment.data(), prefix.data(), prefix.size());
  std::memcpy(segment.data() + prefix.size(), data, size);
  jpeg_write_marker(&info, JPEG_APP0 + 1, segment.data(), static_cast<unsigned>(prefix.size() + size));
}

/// Reads the profile. libjpeg warns if its segments have gaps or repetitions, and warnings jump: then it returns false.
bool read_icc(JpegDecoder& decoder, JOCTET** data, unsigned* size) {
  if (setjmp(decoder.error.jump) != 0) return false;
  return jpeg_read_icc_profile(&decoder.info, data, size) != FALSE;
}

}  // namespace

ImageMetadata read_markers(JpegDecoder& decoder) {
  ImageMetadata metadata;
  for (const jpeg_marker_struct* marker = decoder.info.marker_list; marker != nullptr; marker = marker->next) {
    if (marker->marker != JPEG_APP0 + 1) continue;
    const std::string_view content(reinterpret_cast<const char*>(marker->data), marker->data_length);
    if (content.starts_with(kExif) && metadata.exif.empty()) {
      metadata.exif.assign(marker->data + kExif.size(), marker->data + marker->data_length);
    }
    if (content.starts_with(kXmp) && metadata.xmp.empty()) metadata.xmp = content.substr(kXmp.size());
  }
  JOCTET* icc = nullptr;
  unsigned size = 0;
  if (read_icc(decoder, &icc, &size)) metadata.icc.assign(icc, icc + size);
  std::free(icc);
  return metadata;
}

ImageMetadata writable_markers(const ImageMetadata& metadata) {
  ImageMetadata out = metadata;
  const auto drop = [](auto& content, std::size_t limit, const std::string& what) {
    if (content.size() <= limit) return;
    log::warning("the result has no " + what + ": a JPEG can hold " + std::to_string(limit) +
                 " bytes of it, and there are " + std::to_string(content.size()));
    content.clear();
  };
  drop(out.exif, kMaxSegment - kExif.size(), "EXIF data");
  drop(out.xmp, kMaxSegment - kXmp.size(), "XMP data");
  drop(out.icc, kMaxIcc, "ICC profile");
  return out;
}

void write_markers(jpeg_compress_struct& info, const ImageMetadata& metadata) {
  write_segment(info, kExif, metadata.exif.data(), metadata.exif.size());
  write_segment(info, kXmp, metadata.xmp.data(), metadata.xmp.size());
  if (!metadata.icc.empty()) {
    jpeg_write_icc_profile(&info, metadata.icc.data(), static_cast<unsigned>(metadata.icc.size()));
  }
}

}  // namespace zimage::codecs
