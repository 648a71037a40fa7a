// The JSON of a safetensors header, read as a stream: a hostile header costs no more memory than its own size.
#pragma once

#include <string_view>

#include "weights/formats/safetensors.h"

namespace zimage {

/// A tensor's shape has at most as many dimensions as libtorch's iterators take.
inline constexpr std::size_t kMaxRank = 64;

/// Parses the header's JSON. The ranges it fills are as written: relative to the data's start, not yet checked.
/// Errors: kModel, its message without the file's name.
SafetensorsHeader parse_safetensors_json(std::string_view json);

}  // namespace zimage
