// Which of two ways of working a device asks for.
#pragma once

#include <c10/core/Device.h>

#include <optional>

namespace zimage::nn {

/// Returns whether work on a device is arranged as it suits a card: in few launches that read and write few bytes, and
/// without waiting for results. This is so on every device but the CPU. There the products that a card computes
/// together are computed one by one, whose results may differ in the last bit, and each step is checked at once.
bool in_card_mode(at::Device device);

/// While it lives, all devices work as it says, in all threads: tests run on the CPU what cards do. It must live while
/// a model is loaded and while it is used.
class ScopedCardMode {
 public:
  explicit ScopedCardMode(bool on);
  ~ScopedCardMode();
  ScopedCardMode(const ScopedCardMode&) = delete;
  ScopedCardMode& operator=(const ScopedCardMode&) = delete;

 private:
  std::optional<bool> before_;
};

}  // namespace zimage::nn
