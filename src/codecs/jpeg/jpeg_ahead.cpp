#include "codecs/jpeg/jpeg_ahead.h"

#include <future>
#include <mutex>
#include <utility>

#include "base/run_async.h"
#include "codecs/jpeg/jpeg_source.h"

namespace zimage::codecs {

struct JpegAhead::Impl {
  std::mutex mutex;
  std::future<std::unique_ptr<SpliceSource>> source;
};

JpegAhead::JpegAhead(const std::vector<std::uint8_t>& bytes, int orientation,
                     std::function<void(const Image& rows, int top)> visit)
    : impl_(std::make_unique<Impl>()) {
  impl_->source = ahead([&bytes, orientation, visit = std::move(visit)] {
    auto source = open_source(bytes, orientation, visit);
    if (source->settings && source->upright) read_source(*source);
    return source;
  });
}

JpegAhead::~JpegAhead() = default;

std::unique_ptr<SpliceSource> JpegAhead::take() {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->source.valid()) return nullptr;
  try {
    return impl_->source.get();
  } catch (const std::exception&) {
    return nullptr;
  }
}

}  // namespace zimage::codecs
