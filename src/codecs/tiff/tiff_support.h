// What reading and writing TIFF share of libtiff. Its errors go to one handler for the whole process; calls don't leave
// their thread, so the message is the thread's.
#pragma once

#include <tiffio.h>

#include <memory>

namespace zimage::codecs {

struct TiffCloser {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
using TiffHandle = std::unique_ptr<TIFF, TiffCloser>;

/// Forgets this thread's message, and sees to it that libtiff's errors come here; warnings go nowhere.
void collect_tiff_errors();
/// libtiff's first error in this thread since then: those after it follow from it. "" if there is none.
const char* tiff_error();

}  // namespace zimage::codecs
