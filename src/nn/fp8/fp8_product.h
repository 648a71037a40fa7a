// Products of quantised rows with a quantised matrix in fp8 e4m3, on cards that multiply it.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>

namespace zimage::nn {

/// Both sides of a matrix that is multiplied in fp8 are multiples of this.
inline constexpr std::int64_t kFp8Multiple = 16;

/// Returns whether this device and this libtorch multiply fp8 with a scale for each row (compute capability 8.9 and
/// above). A small product is tried.
bool fp8_available(at::Device device);

/// Rows of fp8 e4m3, each with a scale.
struct Fp8Rows {
  at::Tensor codes;   ///< [rows, columns]
  at::Tensor scales;  ///< fp32 [rows, 1]
};

/// Quantises each row of x [rows, columns], fp32, bf16 or fp16: its largest magnitude becomes 448, and ties go to even.
/// A row of tiny numbers becomes zeros; one with a number that isn't finite has a scale that isn't.
Fp8Rows quantise_fp8_rows(const at::Tensor& x);

/// Returns the rows [m, columns] times the matrix's rows [n, columns]: [m, n] in `dtype`. Sums are fp32. On a card it
/// is rounded to bf16; elsewhere the twin computes it.
at::Tensor multiply_fp8(const Fp8Rows& rows, const Fp8Rows& matrix, at::ScalarType dtype);

namespace twin {
/// Computes the same with ATen operations, to the same bits.
Fp8Rows quantise_fp8(const at::Tensor& x);
/// Computes the same, but for the order of the sums, with the codes as fp32 numbers.
at::Tensor multiply_fp8(const Fp8Rows& rows, const Fp8Rows& matrix, at::ScalarType dtype);
}  // namespace twin

}  // namespace zimage::nn
