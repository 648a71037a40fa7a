// The data of a picture file beside its pixels.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codecs/metadata/resolution.h"

namespace zimage::codecs {

/// The lossless ways to pack a TIFF's samples that can be written.
enum class TiffPacking { kNone, kPackBits, kLzw, kDeflate };

/// An entry of text in a PNG (tEXt, zTXt, iTXt). All strings are UTF-8.
struct TextEntry {
  std::string key;
  std::string value;
  std::string language{};        ///< iTXt only
  std::string translated_key{};  ///< iTXt only
  bool international = false;    ///< it was an iTXt entry
  bool compressed = false;
};

struct PngChunk {
  std::string name;
  std::vector<std::uint8_t> data;
  bool behind = false;  ///< it lies behind the pixels
};

/// What a picture's file holds beside its pixels, byte for byte where a member doesn't say otherwise.
struct ImageMetadata {
  /// EXIF's TIFF structure ("II*…", "MM…*"), without JPEG's "Exif\0\0". decode_image() sets its orientation to 1 and
  /// removes the thumbnail, because the result is upright and looks different.
  std::vector<std::uint8_t> exif;
  /// ICC profile: the file's own, or one made of what else the file says about its colours.
  std::vector<std::uint8_t> icc;
  /// PNG's chunks about its colours beside the profile. A PNG gets them back as they are.
  std::vector<PngChunk> color_chunks;
  bool icc_of_chunks = false;                   ///< `icc` is what they mean: a PNG needs only the chunks
  std::vector<std::uint8_t> icc_beside_chunks;  ///< then: the PNG's own profile, for programs that don't know cICP
  std::uint16_t hdr_white = 0xffff;     ///< PQ and HLG: the 16-bit code of diffuse white, which sRGB's white becomes
  std::string xmp;                      ///< XMP packet
  std::string xmp_extension;            ///< JPEG's Extended XMP, to which the packet refers
  std::string xmp_extension_id;         ///< … by this
  std::vector<std::uint8_t> photoshop;  ///< Photoshop's image resources: credits (IPTC), paths, guides
  std::vector<std::string> comments;    ///< JPEG's and GIF's, in whatever encoding
  std::vector<TextEntry> text;          ///< PNG's, without XMP
  /// PNG's other chunks that hold for the result as well. A PNG gets them back as they are.
  std::vector<PngChunk> chunks;
  /// PNG's colour to show the picture on, in 16 bits. A PNG gets it back.
  std::optional<std::array<std::uint16_t, 3>> background{};
  std::vector<std::uint8_t> tiff_tags;  ///< TIFF's own tags, in a TIFF structure (tiff::own_tags())
  std::optional<Resolution> resolution{};
  int orientation = 1;  ///< the file's, 1…8 as in EXIF; 1 is upright. The decoded pixels are upright already
  TiffPacking tiff_packing = TiffPacking::kDeflate;  ///< a TIFF's own; deflate if it is packed another way
  /// Names the file's contents that no format keeps, each as the end of a sentence that begins with the file's name.
  std::vector<std::string> left_out;
  /// Names smaller ones, for a list: "APP4 segment".
  std::vector<std::string> dropped;
};

/// Adds a name unless it is there already.
inline void name_once(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

}  // namespace zimage::codecs
