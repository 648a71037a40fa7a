#include "codecs/png_ancillary.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"
#include "codecs/png_chunks.h"

namespace zimage::codecs {
namespace {

/// Chunks that are read elsewhere, and those that say only how this file is coded: Apple's iDOT, and an animation's of
/// a single picture.
constexpr std::string_view kElsewhere[] = {"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "iCCP", "cICP", "mDCV", "mDCv",
                                           "cLLI", "cLLi", "sRGB", "gAMA", "cHRM", "tEXt", "zTXt", "iTXt", "eXIf",
                                           "pHYs", "bKGD", "caBX", "iDOT", "acTL", "fcTL", "fdAT"};
/// What these say holds for the result: the meaning and the size of its values, its place on a page, a pair of pictures
/// side by side, and how a GIF was shown.
constexpr std::string_view kStillTrue[] = {"pCAL", "sCAL", "oFFs", "sTER", "gIFg", "gIFx"};

template <std::size_t N>
bool among(const std::string_view (&names)[N], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

/// Returns whether the name says that the chunk holds for changed pixels as well, and it has no picture in it, which
/// would be the old one whatever the name says: a PNG or a JPEG.
bool is_safe_to_copy(std::string_view name, Bytes data) {
  const std::string_view bytes(reinterpret_cast<const char*>(data.data()), data.size());
  const bool picture = bytes.find("\x89PNG\r\n") != bytes.npos || bytes.find("\xff\xd8\xff") != bytes.npos;
  return (name[3] & 0x20) != 0 && !picture;
}

/// Returns whether a sBIT chunk says more than the depth of the samples does.
bool says_fewer_bits(Bytes header, Bytes bits) {
  constexpr std::size_t kDepthAt = 8, kKindAt = 9;
  constexpr std::uint8_t kPalette = 3;
  if (header.size() < 10) return true;
  const std::uint8_t depth = header[kKindAt] == kPalette ? std::uint8_t{8} : header[kDepthAt];
  return std::any_of(bits.begin(), bits.end(), [&](std::uint8_t b) { return b != depth; });
}

const char* title_of(std::string_view name) {
  if (name == "tIME") return "the time of its last change (tIME)";
  if (name == "sBIT") return "its significant bits (sBIT)";
  if (name == "hIST") return "its histogram (hIST)";
  if (name == "sPLT") return "a suggested palette (sPLT)";
  if (name == "dSIG") return "a digital signature (dSIG)";
  return nullptr;
}

void drop(ImageMetadata& metadata, std::string_view name) {
  const char* title = title_of(name);
  const std::string text = title != nullptr ? title : concat({printable(name), " chunk"});
  name_once(metadata.dropped, text);
}

}  // namespace

void read_ancillary_chunks(Bytes png, std::size_t texts, ImageMetadata& metadata) {
  Bytes header;
  std::size_t pictures = 0, stored_texts = 0;
  bool behind = false, frames = false, ended = false, credentials = false;
  const std::size_t end = walk_png_chunks(png, [&](std::string_view name, Bytes data) {
    if (ended) return false;
    ended = name == "IEND";
    behind = behind || name == "IDAT";
    if (name == "IHDR") header = data;
    if (name == "acTL" && data.size() == 8) pictures = png_number(data, 0);
    frames = frames || name == "fdAT";
    credentials = credentials || name == "caBX";
    if (name == "tEXt" || name == "zTXt" || name == "iTXt") ++stored_texts;
    if (among(kElsewhere, name)) return true;
    if (name == "sBIT" && !says_fewer_bits(header, data)) return true;
    if (among(kStillTrue, name) || is_safe_to_copy(name, data)) {
      metadata.chunks.push_back({std::string(name), {data.begin(), data.end()}, behind});
    } else {
      drop(metadata, name);
    }
    return true;
  });
  if (pictures > 1 || frames) metadata.left_out.emplace_back("is an animated PNG, and only its first picture is read");
  if (credentials) metadata.left_out.emplace_back(kContentCredentials);
  if (stored_texts > texts) {
    metadata.left_out.push_back(concat({"has ", std::to_string(stored_texts - texts),
                                        " entries of text that are damaged or beyond the limits: they are left out"}));
  }
  if (ended) tell_bytes_behind(png.subspan(end), metadata);
}

}  // namespace zimage::codecs
