// PNG's chunks beside pixels, colours and text (PNG, third edition, 11.3 and 14.2).
#pragma once

#include "codecs/image_codecs.h"

namespace zimage::codecs {

/// Fills in the chunks that a PNG gets back, and tells of the others. Chunks of unknown kinds are kept if their names
/// say that this is safe when pixels change. `texts` is the number of entries of text that were read.
void read_ancillary_chunks(Bytes png, std::size_t texts, ImageMetadata& metadata);

}  // namespace zimage::codecs
