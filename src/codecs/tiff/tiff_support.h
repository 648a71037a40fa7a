// Shared by reading and writing TIFF. libtiff has one error handler for the whole process, and calls it on the thread
// that failed, so each thread keeps its own message.
#pragma once

#include <tiffio.h>

#include <memory>

namespace zimage::codecs {

struct TiffCloser {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
using TiffHandle = std::unique_ptr<TIFF, TiffCloser>;

/// Clears this thread's message, and sets libtiff's handlers: errors are recorded here, warnings are dropped.
void collect_tiff_errors();
/// Returns libtiff's first error in this thread since then, because later ones follow from it; "" if there is none.
const char* tiff_error();

}  // namespace zimage::codecs
