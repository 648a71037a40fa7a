// PNG's entries of text, and the metadata that programs put into them.
#pragma once

#include <png.h>

#include <map>
#include <string>
#include <vector>

#include "codecs/image_file.h"

namespace zimage::codecs {

/// Returns libpng's entries of text as UTF-8.
std::vector<TextEntry> text_entries(png_const_structp png, png_infop info);

/// Moves what stands for other metadata out of the entries: the XMP packet, and the EXIF, XMP and IPTC that ImageMagick
/// writes in hexadecimal. Metadata that the file has in a place of its own goes before those.
void take_metadata_of_text(ImageMetadata& metadata);

/// Holds entries as libpng takes them.
class PngText {
 public:
  /// Entries of the metadata that libpng wouldn't take are left out. Those of `text` replace them by their key; they
  /// are tEXt if they are Latin-1, else iTXt. Errors: kRuntime if `text` has an invalid key or value.
  PngText(const ImageMetadata& metadata, const std::map<std::string, std::string>& text);

  /// Returns the entries, which this object owns.
  std::vector<png_text> entries();

 private:
  struct Chunk {
    std::string key, value, language, translated_key;
    int compression = PNG_TEXT_COMPRESSION_NONE;
  };
  std::vector<Chunk> chunks_;
};

}  // namespace zimage::codecs
