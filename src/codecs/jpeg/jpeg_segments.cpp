#include "codecs/jpeg/jpeg_segments.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "base/text.h"

namespace zimage::codecs {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kXmpExtension = "http://ns.adobe.com/xmp/extension/\0"sv;

/// Returns the printable characters that a segment begins with; "" if they are too few to be a name.
std::string_view identifier_of(std::string_view content) {
  constexpr std::size_t kShortest = 2, kLongest = 24;
  const auto end = std::find_if(content.begin(), content.end(), [](char c) { return c <= ' ' || c > '~'; });
  const auto size = static_cast<std::size_t>(end - content.begin());
  return size < kShortest ? std::string_view{} : content.substr(0, std::min(size, kLongest));
}

std::string name_of(int number, std::string_view content) {
  if (number == 1 && content.starts_with(kXmpExtension)) return "Extended XMP that nothing refers to";
  const std::string_view identifier = identifier_of(content);
  return concat({"APP", std::to_string(number), " segment", identifier.empty() ? "" : " ",
                 identifier.empty() ? "" : in_quotes(identifier)});
}

/// Returns whether a segment of Photoshop's "save for web" says more than the quality that the file was saved with.
bool has_more_than_quality(const jpeg_marker_struct& marker) {
  // They are the name, the quality's tag, length and value, and a final tag.
  constexpr unsigned kQualityAlone = 5 + 2 + 2 + 4 + 2;
  return marker.original_length > kQualityAlone;
}

/// Returns whether a segment is read elsewhere, or says only how the file is coded.
bool is_known(const jpeg_marker_struct& marker, std::string_view content, const ImageMetadata& metadata) {
  switch (marker.marker - JPEG_APP0) {
    case 0: return content.starts_with("JFIF\0"sv) || content.starts_with("JFXX\0"sv);
    case 1:
      return content.starts_with(kXmpExtension) && !metadata.xmp_extension_id.empty() &&
             content.substr(kXmpExtension.size()).starts_with(metadata.xmp_extension_id);
    case 2:
      return content.starts_with("ICC_PROFILE\0"sv) || content.starts_with("MPF\0"sv) ||
             content.starts_with("urn:iso:std:iso:ts:21496:-1"sv);
    case 12: return content.starts_with("Ducky"sv) && !has_more_than_quality(marker);
    case 13: return content.starts_with("Photoshop 3.0\0"sv) || content.starts_with("Adobe_CM"sv);
    case 14: return content.starts_with("Adobe"sv);
    default: return false;
  }
}

}  // namespace

std::vector<std::string> other_segments(const JpegDecoder& decoder, const ImageMetadata& metadata, bool credentials) {
  std::vector<std::string> out;
  bool exif = false, xmp = false;
  for (const jpeg_marker_struct* marker = decoder.info.marker_list; marker != nullptr; marker = marker->next) {
    const int number = marker->marker - JPEG_APP0;
    if (number < 0 || number > 15) continue;
    const std::string_view content(reinterpret_cast<const char*>(marker->data), marker->data_length);
    const bool is_exif = number == 1 && content.starts_with("Exif\0\0"sv);
    const bool is_xmp = number == 1 && content.starts_with("http://ns.adobe.com/xap/1.0/\0"sv);
    if (is_exif || is_xmp) {
      bool& seen = is_exif ? exif : xmp;
      if (seen) name_once(out, is_exif ? "a second EXIF segment" : "a second XMP segment");
      seen = true;
    } else if (!is_known(*marker, content, metadata) && !(number == 11 && credentials)) {
      name_once(out, name_of(number, content));
    }
  }
  return out;
}

void read_late_segments(Bytes scans, ImageMetadata& metadata) {
  constexpr std::uint8_t kFill = 0xff, kEnd = 0xd9, kComment = 0xfe;
  for (std::size_t at = 0; at + 4 <= scans.size();) {
    const auto found = std::find(scans.begin() + static_cast<std::ptrdiff_t>(at), scans.end(), kFill);
    at = static_cast<std::size_t>(found - scans.begin());
    if (at + 4 > scans.size() || scans[at + 1] == kEnd) return;
    const std::uint8_t marker = scans[at + 1];
    // Within a scan a zero or a restart marker follows.
    if (marker < 0xc0 || marker == kFill || (marker >= 0xd0 && marker <= 0xd7)) {
      at += marker == kFill ? 1 : 2;
      continue;
    }
    const std::size_t length = std::size_t{scans[at + 2]} << 8 | scans[at + 3];
    if (length < 2 || length > scans.size() - at - 2) return;
    const std::string_view content(reinterpret_cast<const char*>(scans.data()) + at + 4, length - 2);
    if (marker == kComment) metadata.comments.emplace_back(content);
    if (marker >= 0xe0 && marker <= 0xef) name_once(metadata.dropped, name_of(marker - 0xe0, content));
    at += 2 + length;
  }
}

}  // namespace zimage::codecs
