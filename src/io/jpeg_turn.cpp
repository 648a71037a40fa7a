#include "io/jpeg_turn.h"

#include <turbojpeg.h>

#include <memory>

namespace zimage::io::codec {
namespace {

/// What undoes an orientation (Exif 2.32, tag 0x0112).
int operation(int orientation) {
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

struct Closer {
  void operator()(void* handle) const { tjDestroy(handle); }
};

/// Memory that TurboJPEG takes and gives.
struct Output {
  unsigned char* data = nullptr;
  unsigned long size = 0;
  Output() = default;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() { tjFree(data); }
};

}  // namespace

std::optional<std::vector<std::uint8_t>> turn_upright(Bytes jpeg, int orientation) {
  const std::unique_ptr<void, Closer> handle(tjInitTransform());
  if (handle == nullptr) return std::nullopt;
  tjtransform transform{};
  transform.op = operation(orientation);
  transform.options = TJXOPT_PERFECT | TJXOPT_COPYNONE;
  Output out;
  const int failed = tjTransform(handle.get(), jpeg.data(), static_cast<unsigned long>(jpeg.size()), 1, &out.data,
                                 &out.size, &transform, TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS);
  if (failed != 0) return std::nullopt;
  return std::vector<std::uint8_t>(out.data, out.data + out.size);
}

}  // namespace zimage::io::codec
