// Reads the JSON of a safetensors header as a stream, so that a hostile header costs no more memory than its own size.
#pragma once

#include <string_view>

#include "weights/formats/safetensors.h"

namespace zimage {

/// The most dimensions that a tensor's shape may have, which is what libtorch's iterators allow.
inline constexpr std::size_t kMaxRank = 64;

/// Parses the header's JSON. Byte ranges stay as written: relative to the data's start, and not yet checked.
/// Errors: kModel; the message doesn't name the file.
SafetensorsHeader parse_safetensors_json(std::string_view json);

}  // namespace zimage
