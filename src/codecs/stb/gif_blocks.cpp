#include "codecs/stb/gif_blocks.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace zimage::codecs {
namespace {

constexpr std::uint8_t kFrame = 0x2c, kEnd = 0x3b, kExtension = 0x21;
constexpr std::uint8_t kText = 0x01, kGraphicControl = 0xf9, kComment = 0xfe, kApplication = 0xff;

std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::size_t palette_bytes(unsigned flags) { return (flags & 0x80) != 0 ? std::size_t{6} << (flags & 7) : 0; }

/// Returns what the sub-blocks from `at` on hold, and moves `at` behind the last one.
std::string sub_blocks(Bytes gif, std::size_t& at) {
  std::string out;
  while (at < gif.size() && gif[at] != 0) {
    const std::size_t size = std::min<std::size_t>(gif[at], gif.size() - at - 1);
    out += text_of(gif.subspan(at + 1, size));
    at += size + 1;
  }
  at = std::min(at + 1, gif.size());
  return out;
}

/// Takes an application's extension over. XMP lies in it as it is, not in sub-blocks, and 257 bytes follow it that lead
/// any reader of sub-blocks to the end.
void take_application(Bytes gif, std::size_t begin, std::size_t end, std::string data, ImageMetadata& metadata) {
  constexpr std::size_t kName = 11, kTrailer = 257;
  const std::string_view name = text_of(gif.subspan(begin, std::min(kName, gif.size() - begin)));
  if (name == "XMP DataXMP" && metadata.xmp.empty()) {
    const std::size_t from = begin + kName;
    if (end >= from + kTrailer + 1) metadata.xmp = text_of(gif.subspan(from, end - 1 - kTrailer - from));
  } else if (name == "ICCRGBG1012" && metadata.icc.empty()) {
    data.erase(0, kName);
    metadata.icc.assign(data.begin(), data.end());
  } else if (name != "NETSCAPE2.0" && name != "ANIMEXTS1.0") {
    name_once(metadata.dropped, concat({"application extension ", in_quotes(name)}));
  }
}

/// Reads the extension of that kind whose sub-blocks begin at `at`, and moves `at` behind it.
void read_extension(Bytes gif, std::uint8_t kind, std::size_t& at, ImageMetadata& metadata) {
  const std::size_t begin = at + 1;  // behind the size of the first sub-block
  std::string data = sub_blocks(gif, at);
  if (kind == kComment) {
    metadata.comments.push_back(std::move(data));
  } else if (kind == kApplication) {
    take_application(gif, std::min(begin, gif.size()), at, std::move(data), metadata);
  } else if (kind == kText) {
    name_once(metadata.dropped, "a block of plain text");
  } else if (kind != kGraphicControl) {
    name_once(metadata.dropped, "extension " + std::to_string(kind));
  }
}

}  // namespace

GifFrames read_gif_blocks(Bytes gif, ImageMetadata& metadata) {
  constexpr std::size_t kHeader = 13, kFlagsAt = 10, kAspectAt = 12, kFrameHeader = 10;
  GifFrames out;
  if (gif.size() < kHeader) return out;
  // The width of a pixel for its height is (value + 15) / 64; dots per length go the other way round.
  if (gif[kAspectAt] != 0) metadata.resolution = make_resolution(64, gif[kAspectAt] + 15, DotsPer::kNothing);
  const auto palette_at = [&](std::size_t from, std::size_t size) {
    return from <= gif.size() && size <= gif.size() - from ? gif.subspan(from, size) : Bytes{};
  };
  std::size_t at = kHeader + palette_bytes(gif[kFlagsAt]);
  out.palette = palette_at(kHeader, at - kHeader);
  while (at + 1 < gif.size() && gif[at] != kEnd) {
    if (gif[at] == kFrame && gif.size() - at > kFrameHeader) {
      const std::size_t size = palette_bytes(gif[at + kFrameHeader - 1]);
      if (out.frames == 0 && size > 0) out.palette = palette_at(at + kFrameHeader, size);
      ++out.frames;
      at += kFrameHeader + size + 1;  // one more for the size of its codes
      sub_blocks(gif, at);
    } else if (gif[at] == kExtension) {
      at += 2;
      read_extension(gif, gif[at - 1], at, metadata);
    } else {
      return out;
    }
  }
  if (at < gif.size() && gif[at] == kEnd) tell_bytes_behind(gif.subspan(at + 1), metadata);
  return out;
}

}  // namespace zimage::codecs
