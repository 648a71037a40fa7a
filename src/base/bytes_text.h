// Sizes for people.
#pragma once

#include <cstdint>
#include <string>

namespace zimage {

/// Returns a size as "6.2 GiB" or "12.0 MiB".
std::string bytes_text(std::uint64_t bytes);

/// Returns a file's size as pages of downloads have it: "6.2 GB", "335 MB" or "12 bytes".
std::string decimal_bytes_text(std::uint64_t bytes);

/// Returns a number of parameters as "6.15 billion parameters" or "12.0 million parameters".
std::string parameters_text(std::int64_t parameters);

}  // namespace zimage
