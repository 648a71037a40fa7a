#include "codecs/jpeg/jpeg_markers.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "codecs/metadata/exif.h"
#include "codecs/metadata/photoshop.h"
#include "codecs/metadata/xmp.h"

namespace zimage::codecs {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kExif = "Exif\0\0"sv;
constexpr std::string_view kXmp = "http://ns.adobe.com/xap/1.0/\0"sv;
constexpr std::string_view kXmpExtension = "http://ns.adobe.com/xmp/extension/\0"sv;
constexpr std::string_view kPhotoshop = "Photoshop 3.0\0"sv;
constexpr std::size_t kMaxSegment = 65533;
/// The extension's identifier, its length and the offset of the part in it.
constexpr std::size_t kIdSize = 32, kPartHeader = kIdSize + 8;
/// A profile needs 14 bytes of each segment for its own header, and the number of segments is a byte.
constexpr std::size_t kMaxIcc = 255 * (kMaxSegment - 14);

/// A buffer for a segment's prefix and content. It is thread-local so that longjmp skips no destructor.
thread_local std::array<std::uint8_t, kMaxSegment> segment;

void write_segment(jpeg_compress_struct& info, int marker, std::string_view prefix, const void* data,
                   std::size_t size) {
  if (size == 0) return;
  std::memcpy(segment.data(), prefix.data(), prefix.size());
  std::memcpy(segment.data() + prefix.size(), data, size);
  jpeg_write_marker(&info, marker, segment.data(), static_cast<unsigned>(prefix.size() + size));
}

void put_u32(std::uint8_t* out, std::size_t value) {
  for (int i = 0; i < 4; ++i) out[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

std::size_t get_u32(std::string_view bytes, std::size_t at) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

void write_extension(jpeg_compress_struct& info, const std::string& extension, const char* id) {
  constexpr std::size_t kMost = kMaxSegment - kXmpExtension.size() - kPartHeader;
  for (std::size_t at = 0; at < extension.size(); at += kMost) {
    const std::size_t size = std::min(kMost, extension.size() - at);
    std::uint8_t* out = segment.data();
    std::memcpy(out, kXmpExtension.data(), kXmpExtension.size());
    out += kXmpExtension.size();
    std::memcpy(out, id, kIdSize);
    put_u32(out + kIdSize, extension.size());
    put_u32(out + kIdSize + 4, at);
    std::memcpy(out + kPartHeader, extension.data() + at, size);
    const std::size_t whole = kXmpExtension.size() + kPartHeader + size;
    jpeg_write_marker(&info, JPEG_APP0 + 1, segment.data(), static_cast<unsigned>(whole));
  }
}

/// Calls `found` with the content behind the prefix of each saved segment that begins with it.
template <class Found>
void each_segment(const JpegDecoder& decoder, int number, std::string_view prefix, const Found& found) {
  for (const jpeg_marker_struct* marker = decoder.info.marker_list; marker != nullptr; marker = marker->next) {
    const std::string_view content(reinterpret_cast<const char*>(marker->data), marker->data_length);
    if (marker->marker == number && content.starts_with(prefix)) found(content.substr(prefix.size()));
  }
}

/// Puts the parts of the extension together; empty if one is missing.
std::string read_extension(const JpegDecoder& decoder, const std::string& id) {
  std::map<std::size_t, std::string_view> parts;
  std::size_t size = 0;
  each_segment(decoder, JPEG_APP0 + 1, kXmpExtension, [&](std::string_view content) {
    if (id.size() != kIdSize || content.size() <= kPartHeader || !content.starts_with(id)) return;
    size = get_u32(content, kIdSize);
    parts.try_emplace(get_u32(content, kIdSize + 4), content.substr(kPartHeader));
  });
  std::string out;
  for (const auto& [at, part] : parts) {
    if (at != out.size()) return "";
    out += part;
  }
  return out.size() == size ? out : "";
}

/// Reads the resolution from the JFIF header, else from EXIF, else from Photoshop's resources.
std::optional<Resolution> read_resolution(const JpegDecoder& decoder, const ImageMetadata& metadata,
                                          const std::vector<std::uint8_t>& resources) {
  const jpeg_decompress_struct& info = decoder.info;
  const auto jfif = [&](DotsPer unit) { return make_resolution(info.X_density, info.Y_density, unit); };
  if (info.saw_JFIF_marker != FALSE && info.density_unit == 1) return jfif(DotsPer::kInch);
  if (info.saw_JFIF_marker != FALSE && info.density_unit == 2) return jfif(DotsPer::kCentimetre);
  if (const auto resolution = exif::resolution(metadata.exif)) return resolution;
  if (const auto resolution = photoshop::resolution(resources)) return resolution;
  return info.saw_JFIF_marker != FALSE ? jfif(DotsPer::kNothing) : std::nullopt;
}

/// Reads the profile. libjpeg warns if its segments have gaps or repetitions, and warnings jump: then it returns false.
bool read_icc(JpegDecoder& decoder, JOCTET** data, unsigned* size) {
  if (setjmp(decoder.error.jump) != 0) return false;
  return jpeg_read_icc_profile(&decoder.info, data, size) != FALSE;
}

}  // namespace

ImageMetadata read_markers(JpegDecoder& decoder) {
  ImageMetadata metadata;
  std::vector<std::uint8_t> resources;
  each_segment(decoder, JPEG_APP0 + 1, kExif, [&](std::string_view content) {
    if (metadata.exif.empty()) metadata.exif.assign(content.begin(), content.end());
  });
  each_segment(decoder, JPEG_APP0 + 1, kXmp, [&](std::string_view content) {
    if (metadata.xmp.empty()) metadata.xmp = content;
  });
  each_segment(decoder, JPEG_APP0 + 13, kPhotoshop,
               [&](std::string_view content) { resources.insert(resources.end(), content.begin(), content.end()); });
  each_segment(decoder, JPEG_COM, "", [&](std::string_view content) { metadata.comments.emplace_back(content); });
  metadata.xmp_extension_id = announced_extension(metadata.xmp);
  metadata.xmp_extension = read_extension(decoder, metadata.xmp_extension_id);
  metadata.photoshop = photoshop::kept(resources);
  metadata.dropped = photoshop::names_of_others(resources);
  metadata.resolution = read_resolution(decoder, metadata, resources);
  JOCTET* icc = nullptr;
  unsigned size = 0;
  if (read_icc(decoder, &icc, &size)) metadata.icc.assign(icc, icc + size);
  bool profile = false;
  each_segment(decoder, JPEG_APP0 + 2, "ICC_PROFILE\0"sv, [&](std::string_view) { profile = true; });
  if (profile && metadata.icc.empty()) {
    metadata.left_out.emplace_back(
        "has a colour profile that is damaged, which is left out: its colours are taken as sRGB");
  }
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
  if (out.xmp.size() > kMaxSegment - kXmp.size() && is_rdf(out.xmp)) {
    out.xmp_extension = merged_xmp(out.xmp, std::exchange(out.xmp_extension, {}));
    out.xmp_extension_id = xmp_extension_id(out.xmp_extension);
    out.xmp = stub_xmp(out.xmp_extension_id);
  }
  drop(out.xmp, kMaxSegment - kXmp.size(), "XMP data");
  if (out.xmp.empty() || out.xmp_extension_id.size() != kIdSize) out.xmp_extension.clear();
  drop(out.icc, kMaxIcc, "ICC profile");
  return out;
}

void write_markers(jpeg_compress_struct& info, const ImageMetadata& metadata) {
  write_segment(info, JPEG_APP0 + 1, kExif, metadata.exif.data(), metadata.exif.size());
  write_segment(info, JPEG_APP0 + 1, kXmp, metadata.xmp.data(), metadata.xmp.size());
  if (!metadata.xmp_extension.empty()) write_extension(info, metadata.xmp_extension, metadata.xmp_extension_id.data());
  constexpr std::size_t kMost = kMaxSegment - kPhotoshop.size();
  for (std::size_t at = 0; at < metadata.photoshop.size(); at += kMost) {
    const std::size_t size = std::min(kMost, metadata.photoshop.size() - at);
    write_segment(info, JPEG_APP0 + 13, kPhotoshop, metadata.photoshop.data() + at, size);
  }
  if (!metadata.icc.empty()) {
    jpeg_write_icc_profile(&info, metadata.icc.data(), static_cast<unsigned>(metadata.icc.size()));
  }
  for (const std::string& comment : metadata.comments) {
    write_segment(info, JPEG_COM, "", comment.data(), std::min(comment.size(), kMaxSegment));
  }
}

}  // namespace zimage::codecs
