// A source JPEG's coefficients, read while the model works: a large file's take about as long as its pixels.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "zimage/image.h"

namespace zimage::codecs {
struct SpliceSource;

class JpegAhead {
 public:
  /// Starts a thread that reads the coefficients (2 bytes for each sample of each component) of `bytes`, which must
  /// outlive this, turned upright from `orientation`. If it had to be turned, and could be, `visit` gets the turned
  /// file's pixels, some rows at a time from `top` on, all of them from top to bottom, on that thread.
  explicit JpegAhead(const std::vector<std::uint8_t>& bytes, int orientation = 1,
                     std::function<void(const Image& rows, int top)> visit = {});
  /// Waits for the thread.
  ~JpegAhead();
  JpegAhead(const JpegAhead&) = delete;
  JpegAhead& operator=(const JpegAhead&) = delete;

  /// Waits for what was read. Null if that failed (whoever reads again learns why), and after the first call.
  std::unique_ptr<SpliceSource> take();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zimage::codecs
