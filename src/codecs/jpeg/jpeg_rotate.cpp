#include "codecs/jpeg/jpeg_rotate.h"

#include <turbojpeg.h>

#include <memory>
#include <string>

#include "base/log.h"

namespace zimage::codecs {
namespace {

/// Returns the operation that undoes an orientation.
TJXOP undo(int orientation) {
  switch (orientation) {
    case 2: return TJXOP_HFLIP;
    case 3: return TJXOP_ROT180;
    case 4: return TJXOP_VFLIP;
    case 5: return TJXOP_TRANSPOSE;
    case 6: return TJXOP_ROT90;
    case 7: return TJXOP_TRANSVERSE;
    case 8: return TJXOP_ROT270;
    default: return TJXOP_NONE;
  }
}

struct Destroy {
  void operator()(void* handle) const { tjDestroy(handle); }
};

}  // namespace

std::optional<std::vector<std::uint8_t>> rotate_upright(Bytes file, int orientation) {
  const std::unique_ptr<void, Destroy> handle(tjInitTransform());
  tjtransform transform{};
  transform.op = undo(orientation);
  transform.options = TJXOPT_PERFECT | TJXOPT_COPYNONE;
  unsigned char* out = nullptr;
  unsigned long size = 0;
  const int failed = handle == nullptr ? -1
                                       : tjTransform(handle.get(), file.data(), static_cast<unsigned long>(file.size()),
                                                     1, &out, &size, &transform, TJFLAG_LIMITSCANS);
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owned(out, tjFree);
  if (failed != 0) {
    log::debug(std::string("the JPEG can't be rotated without loss: ") + tjGetErrorStr2(handle.get()));
    return std::nullopt;
  }
  return std::vector<std::uint8_t>(out, out + size);
}

}  // namespace zimage::codecs
