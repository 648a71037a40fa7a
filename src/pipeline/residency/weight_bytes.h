// How much memory weights take.
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>

#include "weights/weight_source.h"

namespace zimage {

/// Returns the bytes that a source's weights take in memory: dense ones in `dtype`, quantised ones as they are stored.
std::uint64_t weight_bytes(const WeightSource& source, at::ScalarType dtype);

}  // namespace zimage
