// Counts what a card would be asked to do: kernels that are launched, and bytes that they read and write. It is counted
// from what libtorch and our kernels are asked for, so that it can be counted anywhere, and bounded by tests.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "nn/kernels/launch.h"

namespace zimage {

struct LaunchCounts {
  std::int64_t launches = 0;    ///< in all
  std::int64_t products = 0;    ///< those of them that multiply matrices or convolve
  std::int64_t attentions = 0;  ///< those that compute attention
  std::int64_t transfers = 0;   ///< copies from or to another device, which aren't launches
  double bytes = 0;             ///< that the other launches read and write
  std::map<std::string, std::int64_t> by_name;
};

/// Counts what the thread that made it does on one device, while it lives; one at a time. An operation that ATen
/// computes with a kernel of its own counts once, whatever the CPU does for it, and a view doesn't count. Matrix
/// products, convolutions and attention have bytes of their own kind, which aren't counted.
class LaunchCounter final : public nn::kernels::Executor {
 public:
  /// As an executor of the portable kernels it counts a launch, and passes it on if `executor` isn't null.
  explicit LaunchCounter(at::Device device, nn::kernels::Executor* executor = nullptr);
  ~LaunchCounter() override;

  void run(const nn::kernels::Launch& launch) override;
  const LaunchCounts& counts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  nn::kernels::Executor* executor_;
};

}  // namespace zimage
