// Finds how far a change in a JPEG's blocks reaches, for the tests of JPEG to JPEG.
#pragma once

#include "support/files.h"
#include "zimage/image.h"

namespace zimage::test {

/// Gives where a JPEG that splice_jpeg() makes of a source and of `changed` may decode otherwise than the source: the
/// MCUs that a changed pixel lies in, and one pixel more on the sides where libjpeg interpolates subsampled colour
/// across their border: left and right with 4:2:2, above and below with 4:4:0, all around with 4:2:0, none with 4:4:4,
/// grey and 4:1:1. (Decoders that repeat colour samples need no such pixel.) All pixels if the file is encoded anew as
/// a whole. 1 where pixels may differ. Errors: kInput for a source that can't be read.
Mask jpeg_changed_pixels(const Bytes& source, const Mask& changed);

}  // namespace zimage::test
