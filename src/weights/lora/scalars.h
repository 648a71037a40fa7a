// Single numbers in a safetensors file. Trainers store alpha in any dtype, also in some that no weight has.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "weights/formats/safetensors.h"

namespace zimage {

/// Returns the tensors of one number whose names end with `ending`. `bytes` are the whole file's. Those of a dtype that
/// holds no real numbers are left out.
std::map<std::string, double> read_scalars(std::span<const std::uint8_t> bytes, const SafetensorsHeader& header,
                                           std::string_view ending);

}  // namespace zimage
