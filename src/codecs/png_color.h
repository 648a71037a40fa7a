// What a PNG's chunks say about its colours (PNG, third edition, 4.3 and 11.3.2).
#pragma once

#include <string>
#include <vector>

#include "codecs/image_codecs.h"

namespace zimage::codecs {

/// Returns the chunks cICP, mDCV, cLLI, sRGB, gAMA and cHRM before the pixels, the first of each kind.
std::vector<PngChunk> color_chunks_of(Bytes png);

/// Fills in, after the chunks and the file's own profile were read, the profile that the chunks stand for: cICP goes
/// before an embedded profile, that one before sRGB, and that before gAMA and cHRM. What can't be used is told in
/// left_out, and removed if it is invalid.
void apply_color_chunks(ImageMetadata& metadata, bool grey);

}  // namespace zimage::codecs
