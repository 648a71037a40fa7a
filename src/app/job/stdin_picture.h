// Reads the picture of `--image -`.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace zimage::app {

/// Reads all of stdin. Errors: kUsage if stdin is a terminal; kInput if it is empty, can't be read or is larger than
/// any picture; kInterrupted after a signal.
std::shared_ptr<const std::vector<std::uint8_t>> read_stdin_picture();

}  // namespace zimage::app
