// Products of quantised rows with a quantised matrix, on processors that multiply int8.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>

#include "nn/workspace.h"

namespace zimage::nn {

/// Returns whether this processor and this libtorch multiply int8 (AVX-512 VNNI or AMX, through oneDNN).
bool int8_available();

/// The most columns that a product's 32-bit sums bear.
inline constexpr std::int64_t kInt8Columns = 65536;

/// Returns the bytes that an Int8Matrix takes. A product of m rows needs m · (columns + 4) bytes in the workspace, and
/// 64 KiB a thread.
std::uint64_t int8_bytes(std::int64_t rows, std::int64_t columns);

/// The rows of an input, each quantised to int8 with a scale. They lie in the workspace until its next use.
class Int8Rows {
 public:
  /// Quantises x [m, columns], fp32 or bf16 and contiguous. With `rotation` = 4ⁿ each row is first multiplied by the
  /// regular Hadamard matrix in such groups.
  Int8Rows(const at::Tensor& x, std::int64_t rotation, Workspace& workspace);

  std::int64_t count() const { return count_; }
  std::int64_t columns() const { return columns_; }
  const std::uint8_t* codes() const { return codes_; }
  const float* scales() const { return scales_; }

 private:
  std::int64_t count_, columns_;
  at::Tensor memory_;
  std::uint8_t* codes_;
  float* scales_;
};

/// A weight [rows, columns] in int8, each row with a scale, packed in blocks of 64 rows.
class Int8Matrix {
 public:
  /// Reserves memory for a matrix of zeros; `columns` is at most kInt8Columns. If the weight's columns were rotated in
  /// groups of `rotation` (0: they weren't), the product rotates its input too.
  Int8Matrix(std::int64_t rows, std::int64_t columns, std::int64_t rotation);

  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  std::int64_t rotation() const { return rotation_; }
  std::uint64_t bytes() const { return codes_.nbytes() + scale_.nbytes() + correction_.nbytes(); }

  /// Quantises rows from `begin` on, a multiple of 64: values [n, columns], fp32 and contiguous. Only the last ones may
  /// be other than a multiple of 64.
  void quantise_rows(std::int64_t begin, const at::Tensor& values);
  /// Takes rows as they are: codes int8 [n, columns], whose rows are contiguous, with scales fp32 [n].
  void take_rows(std::int64_t begin, const at::Tensor& codes, const at::Tensor& scales);

  /// Writes the input's rows, rotated as this matrix is, times the matrix to `out` [m, rows], fp32 or bf16, whose rows
  /// are contiguous. The product is exact, and rounded once after it is scaled in fp32.
  void multiply(const Int8Rows& input, const at::Tensor& out) const;

 private:
  template <class Fill>
  void fill_blocks(std::int64_t begin, std::int64_t count, Fill fill);

  std::int64_t rows_, columns_, rotation_, depth_;
  at::Tensor codes_;       ///< int8 [blocks, depth / 4, 64, 4]
  at::Tensor scale_;       ///< fp32 [blocks · 64]
  at::Tensor correction_;  ///< int32 [blocks · 64]
};

/// Quantises each row of x [m, columns], fp32 or bf16 and contiguous: codes uint8 [m, columns], where 128 stands for
/// zero, and scales fp32 [m]. With `rotation` = 4ⁿ each row is first multiplied by the regular Hadamard matrix in such
/// groups.
std::pair<at::Tensor, at::Tensor> quantise_rows(const at::Tensor& x, std::int64_t rotation);

namespace twin {
/// Computes the same with ATen operations, to the same bits.
std::pair<at::Tensor, at::Tensor> quantise_rows(const at::Tensor& x, std::int64_t rotation);
/// Returns the product of such rows with int8 codes [n, columns] that have fp32 scales [n].
at::Tensor multiply(const std::pair<at::Tensor, at::Tensor>& rows, const at::Tensor& codes, const at::Tensor& scales,
                    at::ScalarType dtype);
}  // namespace twin

}  // namespace zimage::nn
