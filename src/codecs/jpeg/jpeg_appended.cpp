#include "codecs/jpeg/jpeg_appended.h"

#include <algorithm>
#include <string_view>

#include "codecs/metadata/exif_directory.h"
#include "codecs/metadata/xmp.h"

namespace zimage::codecs {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kMpf = "MPF\0"sv;
/// A gain map by ISO 21496-1.
constexpr std::string_view kIsoGainMap = "urn:iso:std:iso:ts:21496:-1"sv;
constexpr std::string_view kAppleGainMap = "hdrgainmap"sv;

/// Returns the number of pictures by the Multi-Picture Format's index (CIPA DC-007), without those that are only large
/// previews; 0 if the segment isn't one.
std::size_t pictures_of(Bytes index) {
  constexpr std::uint16_t kEntries = 0xb002;
  constexpr std::size_t kEntry = 16;
  constexpr std::uint32_t kType = 0xffffff, kPreviewVga = 0x010001, kPreviewFullHd = 0x010002;
  const auto structure = exif::Structure::open(index);
  const auto directory = structure ? structure->directory(structure->first_directory()) : std::nullopt;
  const exif::Entry* entries = directory ? directory->find(kEntries) : nullptr;
  const auto at = entries != nullptr ? structure->value_at(*entries) : std::nullopt;
  if (!at) return 0;
  std::size_t pictures = 0;
  for (std::size_t i = 0; i + kEntry <= entries->count; i += kEntry) {
    const std::uint32_t type = structure->u32(*at + i) & kType;
    if (type != kPreviewVga && type != kPreviewFullHd) ++pictures;
  }
  return pictures;
}

/// Returns whether an MP4 or QuickTime file begins somewhere in it: a box of a plausible size that is called ftyp.
bool has_video(std::string_view bytes) {
  for (std::size_t at = bytes.find("ftyp"); at != bytes.npos; at = bytes.find("ftyp", at + 1)) {
    if (at >= 4 && bytes[at - 4] == 0 && bytes[at - 3] == 0) return true;
  }
  return false;
}

}  // namespace

AnnouncedContents announced_contents(const JpegDecoder& decoder) {
  AnnouncedContents out;
  for (const jpeg_marker_struct* marker = decoder.info.marker_list; marker != nullptr; marker = marker->next) {
    const std::string_view content(reinterpret_cast<const char*>(marker->data), marker->data_length);
    if (marker->marker == JPEG_APP0 + 11) {
      out.credentials =
          out.credentials || (content.find("jumb") != content.npos && content.find("c2pa") != content.npos);
    }
    if (marker->marker != JPEG_APP0 + 2) continue;
    if (content.starts_with(kIsoGainMap)) out.gain_map = true;
    if (!content.starts_with(kMpf)) continue;
    out.index = true;
    out.pictures = std::max(out.pictures, pictures_of({marker->data + kMpf.size(), marker->data_length - kMpf.size()}));
  }
  return out;
}

std::vector<std::string> appended_contents(const JpegDecoder& decoder, const AnnouncedContents& announced,
                                           const std::string& xmp) {
  const jpeg_source_mgr& source = *decoder.info.src;
  const std::string_view behind(reinterpret_cast<const char*>(source.next_input_byte), source.bytes_in_buffer);
  const bool empty = behind.find_first_not_of('\0') == behind.npos;
  std::vector<std::string> out;
  if (announced.credentials) out.emplace_back(kContentCredentials);
  if (empty) return out;
  const bool gain_map = announced.gain_map || announces_gain_map(xmp) || behind.find(kAppleGainMap) != behind.npos ||
                        behind.find("hdrgm:"sv) != behind.npos;
  const bool motion = announces_motion(xmp) || has_video(behind) || behind.find("MotionPhoto_Data"sv) != behind.npos;
  if (gain_map) {
    out.emplace_back("has a gain map for HDR, which fits only the old picture: it is left out, so the result is SDR");
  }
  if (motion) out.emplace_back("holds a video (motion photo), which shows the old picture: it is left out");
  const std::size_t expected = gain_map ? 2 : 1;
  if (announced.pictures > expected) {
    out.push_back("holds " + std::to_string(announced.pictures) +
                  " pictures (MPO), and only the first is read: the result has no other");
  }
  if (!gain_map && !motion && !announced.index) {
    out.push_back("has " + std::to_string(behind.size()) + " bytes behind its picture, which are left out");
  }
  return out;
}

}  // namespace zimage::codecs
