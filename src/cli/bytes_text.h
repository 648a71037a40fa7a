// Sizes for people.
#pragma once

#include <cstdint>
#include <string>

namespace zimage::cli {

/// Returns a size as "6.2 GiB" or "12.0 MiB".
std::string bytes_text(std::uint64_t bytes);

}  // namespace zimage::cli
