// Single numbers in a safetensors file. Trainers store alpha in any dtype, also in some that no weight has.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "weights/tensor_file.h"

namespace zimage {

/// Returns the tensors of one number whose names end with `ending`. Those of a dtype that holds no real numbers are
/// left out.
std::map<std::string, double> read_scalars(const RawFile& file, std::string_view ending);

}  // namespace zimage
