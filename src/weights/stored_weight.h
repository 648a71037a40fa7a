// A weight as a file stores it: bytes, what they stand for, and the scales that belong to them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "weights/encoding.h"

namespace zimage {

/// Returns how many values a tensor of this shape has: 1 for a single number.
std::int64_t count_values(const std::vector<std::int64_t>& shape);

struct StoredWeight {
  Encoding encoding = Encoding::kF32;
  std::vector<std::int64_t> shape;  ///< what it stands for: [out, in] of a linear layer
  /// Dense: the values, of `shape`. Else uint8 [rows, row bytes], where rows is shape[0] and a row's bytes stand for
  /// the product of the other sides; there may be more bytes a row than it needs. Blocks never span rows.
  at::Tensor data{};
  /// fp8 and int8: fp32 [] or [rows], a factor. nvfp4: fp32 [], the factor of every block's scale. Undefined: 1.
  at::Tensor scale{};
  /// nvfp4 (fp8 e4m3) and mxfp8 (exponents, E8M0): uint8, one for each block of 16 or 32 values, in cuBLAS's swizzled
  /// order of 128 × 4 tiles, with rows padded to 128 and blocks to 4. It always covers the whole tensor of the file.
  at::Tensor block_scale{};
  std::int64_t block_scale_row = 0;  ///< the row of `block_scale` that belongs to this weight's first row
  /// int8: the columns were rotated by a Hadamard matrix in groups of so many (convrot); 0: they weren't.
  std::int64_t rotation = 0;
  /// fp32 [columns]: each column's factor, applied last (pre_quant_scale). Undefined: 1.
  at::Tensor column_scale{};

  std::int64_t row_count() const { return shape.empty() ? 1 : shape.front(); }
  std::int64_t values() const { return count_values(shape); }
  /// Returns how many values a row stands for.
  std::int64_t columns() const;
  /// Returns the bytes it takes, scales included.
  std::uint64_t bytes() const;
  /// Returns rows [begin, begin + count) as a view of the same bytes.
  StoredWeight rows(std::int64_t begin, std::int64_t count) const;
};

}  // namespace zimage
