// Reads Photoshop's PSD through stb_image: the flattened picture at the file's end, grey or RGB (Adobe Photoshop File
// Formats Specification). Its colour planes are decoded one by one, because stb_image reads neither grey nor packed
// planes of 16 bits, and would take any fourth plane for transparency.
#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "codecs/metadata/photoshop.h"
#include "codecs/stb/stb_decode.h"

namespace zimage::codecs {
namespace {

struct Psd {
  std::uint64_t planes = 0, width = 0, height = 0;
  unsigned depth = 8;  ///< bits per sample, 8 or 16
  int colors = 3;
  Bytes resources{};  ///< "image resources": profile, EXIF, XMP and more
  Bytes layers{};
  bool packed = false;  ///< by run lengths
  Bytes pixels{};       ///< plane by plane; if packed, the lengths of all rows come first
};

/// Returns the section whose length stands at `at`, and moves `at` behind it.
Bytes section(Bytes bytes, std::size_t& at, const std::string& name) {
  const std::uint64_t size = big_endian(bytes, at, 4, name);
  at += 4;
  if (size > bytes.size() - at) refuse_truncated(name);
  return bytes.subspan(std::exchange(at, at + size), size);
}

Psd read_psd(Bytes bytes, const std::string& name) {
  Psd psd;
  const std::uint64_t version = big_endian(bytes, 4, 2, name);
  if (version == 2) refuse_kind(name, "large Photoshop document (PSB)");
  if (version != 1) refuse_damaged(name, "its header has no known version");
  psd.planes = big_endian(bytes, 12, 2, name);
  psd.height = big_endian(bytes, 14, 4, name);
  psd.width = big_endian(bytes, 18, 4, name);
  check_size(psd.width, psd.height, name);
  psd.depth = static_cast<unsigned>(big_endian(bytes, 22, 2, name));
  const std::uint64_t mode = big_endian(bytes, 24, 2, name);
  if (mode != 1 && mode != 3) refuse_kind(name, "Photoshop file in neither greyscale nor RGB mode");
  if (psd.depth != 8 && psd.depth != 16) {
    refuse_kind(name, "Photoshop file with " + std::to_string(psd.depth) + " bits per sample");
  }
  psd.colors = mode == 1 ? 1 : 3;
  if (psd.planes < static_cast<unsigned>(psd.colors)) refuse_damaged(name, "it lacks colours");
  std::size_t at = 26;
  section(bytes, at, name);  // a palette
  psd.resources = section(bytes, at, name);
  psd.layers = section(bytes, at, name);
  const std::uint64_t compression = big_endian(bytes, at, 2, name);
  if (compression > 1) refuse_kind(name, "Photoshop file with ZIP compression");
  psd.packed = compression == 1;
  psd.pixels = bytes.subspan(at + 2);
  return psd;
}

/// Returns the bytes of an image resource; empty if there is none, or if the resources before it are damaged.
Bytes resource(const Psd& psd, unsigned id, const std::string& name) {
  const Bytes all = psd.resources;
  for (std::size_t at = 0; at + 12 <= all.size();) {
    const std::uint64_t found = big_endian(all, at + 4, 2, name);
    at += 6 + (all[at + 6] + 2U) / 2 * 2;  // the name, padded to an even length with its length byte
    if (at + 4 > all.size() || big_endian(all, at, 4, name) > all.size() - at - 4) break;
    const Bytes data = section(all, at, name);
    if (found == id) return data;
    at += data.size() % 2;
  }
  return {};
}

/// Decodes a plane as the red of an 8-bit PSD, four bytes per pixel. A sample of 16 bits becomes two such pixels.
Image read_plane(const Psd& psd, std::uint64_t plane, const std::string& name) {
  const std::uint64_t row = psd.width * (psd.depth / 8);
  std::uint64_t at = plane * row * psd.height;
  std::uint64_t least = row * psd.height;
  std::string header("8BPS\0\1\0\0\0\0\0\0\0\1", 14);
  for (const std::uint64_t side : {psd.height, row}) {
    for (int shift = 24; shift >= 0; shift -= 8) header += static_cast<char>(side >> shift);
  }
  header.append("\0\x8\0\x3", 4).append(13, '\0').append(1, psd.packed ? '\1' : '\0');
  if (psd.packed) {
    at = 2 * psd.height * psd.planes;
    if (at > psd.pixels.size()) refuse_truncated(name);
    header.append(2 * psd.height, '\0');  // the lengths of its rows, which stb_image passes over
    for (std::uint64_t i = 0; i < psd.height * plane; ++i) at += big_endian(psd.pixels, 2 * i, 2, name);
    least = least / 128 * 2;
  }
  if (at > psd.pixels.size()) refuse_truncated(name);
  return stb_decode({{header.begin(), header.end()}, psd.pixels.subspan(at)}, least, 4, name);
}

/// Returns whether there is more than the flattened picture. 16-bit files have their layers in a block of their own.
bool has_more(const Psd& psd) {
  const std::string_view layers(reinterpret_cast<const char*>(psd.layers.data()), psd.layers.size());
  const bool counted = layers.size() >= 6 && (layers[4] != 0 || layers[5] != 0);
  return counted || layers.find("8BIMLr16") != layers.npos || psd.planes > static_cast<unsigned>(psd.colors);
}

}  // namespace

ImageFile decode_psd(Bytes bytes, const std::string& name) {
  constexpr unsigned kIcc = 1039, kVersionInfo = 1057, kExif = 1058, kXmp = 1060;
  const Psd psd = read_psd(bytes, name);
  const Bytes version = resource(psd, kVersionInfo, name);
  if (version.size() > 4 && version[4] == 0) refuse_kind(name, "Photoshop file without the flattened picture");
  ImageFile file;
  file.format = ImageFormat::kPsd;
  const auto channels = static_cast<std::size_t>(psd.colors);
  for (std::size_t c = 0; c < channels; ++c) {
    const Image plane = read_plane(psd, c, name);
    const std::uint8_t* in = plane.samples.bytes();
    if (c == 0) {
      file.image =
          Image(static_cast<int>(psd.width), plane.height, static_cast<int>(channels), static_cast<int>(psd.depth));
    }
    file.image.samples.visit([&]<class Sample>(Sample* out) {
      for (std::size_t i = c; i < file.image.samples.size(); i += channels, in += 4 * sizeof(Sample)) {
        out[i] = static_cast<Sample>(sizeof(Sample) == 1 ? in[0] : in[0] << 8 | in[4]);
      }
    });
  }
  const Bytes icc = resource(psd, kIcc, name), exif = resource(psd, kExif, name);
  const Bytes xmp = resource(psd, kXmp, name);
  file.metadata.icc.assign(icc.begin(), icc.end());
  file.metadata.exif.assign(exif.begin(), exif.end());
  file.metadata.xmp.assign(xmp.begin(), xmp.end());
  file.metadata.photoshop = photoshop::kept(psd.resources);
  file.metadata.dropped = photoshop::names_of_others(psd.resources);
  file.metadata.resolution = photoshop::resolution(psd.resources);
  if (has_more(psd)) {
    log::notice(printable(name) + " is read flattened: its layers, transparency and saved selections are left out");
  }
  return file;
}

}  // namespace zimage::codecs
