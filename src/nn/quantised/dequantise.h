// Turns stored weights into numbers.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "weights/stored_weight.h"

namespace zimage::nn {

/// Writes rows [begin, begin + count) of a weight to `out` [count, columns], which is contiguous, on the weight's
/// device and of dtype F32, BF16 or F16. A dense weight is converted. The others are dequantised by the kernels of
/// gguf_blocks.h and scaled_rows.h on the CPU, and by their twin on other devices.
void dequantise_rows(const StoredWeight& weight, std::int64_t begin, std::int64_t count, at::Tensor& out);

/// Returns the weight in its own shape, on its device. A dense weight is converted.
at::Tensor dequantise(const StoredWeight& weight, at::ScalarType dtype);

namespace twin {
/// Computes with ATen operations alone what dequantise() does, in fp32 and to the same bits: [rows, columns].
at::Tensor dequantise(const StoredWeight& weight);
/// The part of it for GGUF's blocks: uint8 [rows, row bytes] to fp32 [rows, columns].
at::Tensor dequantise_gguf(Encoding encoding, const at::Tensor& data);
/// The part of it for ComfyUI's formats.
at::Tensor dequantise_scaled(const StoredWeight& weight);
}  // namespace twin

}  // namespace zimage::nn
