// Goes through a GIF's blocks (GIF89a, appendix B), of which stb_image reads only those of the pixels.
#pragma once

#include "codecs/image_codecs.h"

namespace zimage::codecs {

struct GifFrames {
  int frames = 0;   ///< how many there are
  Bytes palette{};  ///< of the first one: three bytes a colour, in `gif`
};

/// Reads comments, XMP, the colour profile and the shape of the pixels, and names the other extensions.
GifFrames read_gif_blocks(Bytes gif, ImageMetadata& metadata);

}  // namespace zimage::codecs
