// Base64, in which pages and terminals take pictures.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace zimage::app {

/// Returns the bytes as base64 (RFC 4648), without line breaks.
std::string base64(std::span<const std::uint8_t> bytes);

}  // namespace zimage::app
