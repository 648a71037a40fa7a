// Quantises weights for the files that `convert` writes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "weights/stored_weight.h"

namespace zimage::nn {

/// Quantises `weight` [out, in], fp32 on the CPU, to fp8 e4m3 with one scale (ComfyUI's float8_e4m3fn): the largest
/// magnitude becomes 448, the format's largest number.
StoredWeight quantise_fp8(const at::Tensor& weight);

/// Returns the size of the groups in which a weight's columns are rotated (convrot) before they become int8, which
/// spreads outliers: the largest of 256, 64 and 16 that divides them; 0 if none does.
std::int64_t rotation_group(std::int64_t columns);

/// Quantises to int8 with a scale for each row (ComfyUI's int8_tensorwise), after a rotation in rotation_group()s.
StoredWeight quantise_int8(const at::Tensor& weight);

}  // namespace zimage::nn
