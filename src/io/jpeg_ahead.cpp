#include "io/jpeg_ahead.h"

#include <future>
#include <mutex>
#include <utility>

#include "core/ahead.h"
#include "io/jpeg_splice.h"

namespace zimage::io {

struct JpegAhead::Impl {
  std::mutex mutex;
  std::future<std::unique_ptr<codec::SpliceSource>> source;
};

JpegAhead::JpegAhead(const std::vector<std::uint8_t>& bytes) : impl_(std::make_unique<Impl>()) {
  impl_->source = ahead([&bytes] {
    auto source = std::make_unique<codec::SpliceSource>();
    codec::open_source(*source, bytes);
    if (source->settings) codec::read_source(*source);
    return source;
  });
}

JpegAhead::~JpegAhead() = default;

std::unique_ptr<codec::SpliceSource> JpegAhead::take() {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->source.valid()) return nullptr;
  try {
    return impl_->source.get();
  } catch (const std::exception&) {
    return nullptr;
  }
}

}  // namespace zimage::io
