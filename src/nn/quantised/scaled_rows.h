// Dequantises the formats of ComfyUI's safetensors files on the CPU: fp8, int8 (with and without convrot), nvfp4,
// mxfp8. Source of the formats: ComfyUI, comfy/quant_ops.py, and comfy-kitchen.
#pragma once

#include <cstdint>

#include "weights/stored_weight.h"

namespace zimage::nn::cpu {

/// Writes row `row` of the weight, `weight.columns()` numbers. `weight` is fp8, int8, nvfp4 or mxfp8, on the CPU; its
/// columns are a multiple of nvfp4's 16 or mxfp8's 32 values, and of the group size of a rotation.
void dequantise_scaled_row(const StoredWeight& weight, std::int64_t row, float* out);

/// Returns whether all numbers of that row, and the scales that it uses, are finite.
bool scaled_row_finite(const StoredWeight& weight, std::int64_t row);

}  // namespace zimage::nn::cpu
