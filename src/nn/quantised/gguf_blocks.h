// Dequantises GGUF's blocks on the CPU. Source of the layouts: ggml, ggml-common.h and ggml-quants.c; the values equal
// those of the `gguf` Python package to the bit.
#pragma once

#include <cstdint>

#include "weights/encoding.h"

namespace zimage::nn::cpu {

/// Writes `values` numbers, a multiple of the encoding's block. `encoding` is one of GGUF's blocks.
void dequantise_gguf_row(Encoding encoding, const std::uint8_t* data, float* out, std::int64_t values);

/// Where a block's fp16 numbers are: its scale, and its minimum or the scale of its minima. One that has no second
/// number repeats the first.
struct Halves {
  int first;
  int second;
};
Halves halves_of(Encoding encoding);

/// Returns whether all those numbers are finite; reads the blocks' scales only.
bool gguf_row_finite(Encoding encoding, const std::uint8_t* data, std::int64_t values);

}  // namespace zimage::nn::cpu
