#include "nn/int8/int8_product.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/cpu/Utils.h>
#include <ATen/native/CPUBlas.h>

#include <algorithm>
#include <vector>

#include "nn/int8/int8_kernels.h"

namespace zimage::nn {
namespace {

using cpu::kInt8Block;
using cpu::kInt8Depth;

constexpr std::int64_t divide_up(std::int64_t n, std::int64_t by) { return (n + by - 1) / by; }
constexpr std::int64_t round_up(std::int64_t n, std::int64_t multiple) { return divide_up(n, multiple) * multiple; }

// Measured on AMD EPYC with 2 threads at 288 to 4160 rows and Z-Image's shapes: blocks of 64 columns and about 256 rows
// reach what oneDNN's own product does (850 to 880 GFLOP/s where bf16 has 415); smaller ones lose up to 20 %.
constexpr std::int64_t kRowsAtOnce = 256;
constexpr std::int64_t kDepthAtOnce = 4096;

/// Adds rows · block to `sums`, or sets them.
void multiply_block(std::int64_t rows, std::int64_t depth, std::int64_t stride, bool add, const std::uint8_t* codes,
                    const std::int8_t* block, std::int32_t* sums) {
#ifdef CPUBLAS_BRGEMM_U8I8I32
  at::native::cpublas::brgemm(rows, kInt8Block, depth, stride, kInt8Block, kInt8Block, add, codes,
                              reinterpret_cast<const signed char*>(block), sums, /*is_vnni=*/true);
#else
  (void)rows, (void)depth, (void)stride, (void)add, (void)codes, (void)block, (void)sums;
  TORCH_CHECK(false, "this libtorch has no int8 product");
#endif
}

void release() {
#ifdef CPUBLAS_BRGEMM_U8I8I32
  at::native::cpublas::brgemm_release(/*is_vnni=*/true);  // AMX's state
#endif
}

/// Returns whether a small product comes out right. libtorch throws if it has no kernel.
bool product_works() {
  const std::vector<std::uint8_t> codes(kInt8Depth, 255);
  std::vector<std::int8_t> rows(kInt8Block * kInt8Depth, 127), block(rows.size());
  std::vector<std::int32_t> correction(kInt8Block), sums(kInt8Block);
  cpu::pack_block(rows.data(), kInt8Depth, block.data(), correction.data());
  try {
    multiply_block(1, kInt8Depth, kInt8Depth, false, codes.data(), block.data(), sums.data());
    release();
  } catch (const c10::Error&) {
    return false;
  }
  return std::all_of(sums.begin(), sums.end(), [](std::int32_t sum) { return sum == 255 * 127 * kInt8Depth; });
}

/// Quantises rows of `columns` numbers to rows of `depth` codes.
template <class Number>
void quantise_all(const Number* x, std::int64_t rows, std::int64_t columns, std::int64_t rotation, std::int64_t depth,
                  std::uint8_t* codes, float* scales) {
  at::parallel_for(0, rows, 1, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> scratch(static_cast<std::size_t>(columns));
    for (std::int64_t row = begin; row < end; ++row) {
      std::uint8_t* to = codes + row * depth;
      scales[row] = cpu::quantise_row(x + row * columns, columns, rotation, scratch.data(), to);
      std::fill(to + columns, to + depth, static_cast<std::uint8_t>(cpu::kInt8Zero));
    }
  });
}

void quantise_input(const at::Tensor& x, std::int64_t rotation, std::int64_t depth, std::uint8_t* codes,
                    float* scales) {
  const std::int64_t rows = x.size(0), columns = x.size(1);
  if (x.scalar_type() == at::kFloat) {
    quantise_all(x.const_data_ptr<float>(), rows, columns, rotation, depth, codes, scales);
  } else {
    TORCH_CHECK(x.scalar_type() == at::kBFloat16, "an int8 product takes fp32 or bf16");
    const auto* numbers = reinterpret_cast<const cpu::Bf16*>(x.const_data_ptr<at::BFloat16>());
    quantise_all(numbers, rows, columns, rotation, depth, codes, scales);
  }
}

/// A product's operands.
struct Product {
  const std::uint8_t* input;
  const float* input_scale;
  const std::int8_t* blocks;
  const float* scale;
  const std::int32_t* correction;
  std::int64_t input_rows, rows, depth;
  std::int64_t out_stride;
};

template <class Number>
void multiply_all(const Product& p, Number* out) {
  const std::int64_t row_parts = divide_up(p.input_rows, kRowsAtOnce), blocks = divide_up(p.rows, kInt8Block);
  const std::int64_t rows_at_once = divide_up(p.input_rows, row_parts);
  const std::int64_t depth_at_once = round_up(divide_up(p.depth, divide_up(p.depth, kDepthAtOnce)), kInt8Depth);
  at::parallel_for(0, row_parts * blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    std::vector<std::int32_t> sums(static_cast<std::size_t>(rows_at_once * kInt8Block));
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t row = task / blocks * rows_at_once, column = task % blocks * kInt8Block;
      const std::int64_t count = std::min(rows_at_once, p.input_rows - row);
      if (count <= 0) break;
      for (std::int64_t k = 0; k < p.depth; k += depth_at_once) {
        multiply_block(count, std::min(depth_at_once, p.depth - k), p.depth, k > 0, p.input + row * p.depth + k,
                       p.blocks + column * p.depth + k * kInt8Block, sums.data());
      }
      cpu::write_scaled(sums.data(), {p.correction + column, p.scale + column, p.input_scale + row}, count,
                        std::min(kInt8Block, p.rows - column), out + row * p.out_stride + column, p.out_stride);
    }
    release();
  });
}

}  // namespace

bool int8_available() {
  static const bool available = at::cpu::is_avx512_vnni_supported() && product_works();
  return available;
}

std::uint64_t int8_bytes(std::int64_t rows, std::int64_t columns) {
  const std::int64_t padded = round_up(rows, kInt8Block);
  return static_cast<std::uint64_t>(padded) * static_cast<std::uint64_t>(round_up(columns, kInt8Depth) + 8);
}

Int8Matrix::Int8Matrix(std::int64_t rows, std::int64_t columns, std::int64_t rotation)
    : rows_(rows), columns_(columns), rotation_(rotation), depth_(round_up(columns, kInt8Depth)) {
  TORCH_CHECK(columns <= kInt8Columns, "an int8 product has at most 65536 columns");
  const std::int64_t padded = round_up(rows, kInt8Block);
  codes_ = at::zeros({padded * depth_}, at::kChar);
  scale_ = at::zeros({padded}, at::kFloat);
  correction_ = at::zeros({padded}, at::kInt);
}

/// Calls fill(row, codes, scale) for each row and packs what it wrote.
template <class Fill>
void Int8Matrix::fill_blocks(std::int64_t begin, std::int64_t count, Fill fill) {
  TORCH_CHECK(begin % kInt8Block == 0, "rows are packed in blocks");
  auto* packed = codes_.mutable_data_ptr<std::int8_t>();
  auto* scales = scale_.mutable_data_ptr<float>();
  auto* correction = correction_.mutable_data_ptr<std::int32_t>();
  at::parallel_for(0, divide_up(count, kInt8Block), 1, [&](std::int64_t from, std::int64_t to) {
    std::vector<std::int8_t> codes(static_cast<std::size_t>(kInt8Block * depth_));
    for (std::int64_t block = from; block < to; ++block) {
      const std::int64_t first = block * kInt8Block, rows = std::min(kInt8Block, count - first);
      if (rows < kInt8Block) std::fill(codes.begin(), codes.end(), std::int8_t{0});
      for (std::int64_t row = 0; row < rows; ++row) {
        scales[begin + first + row] = fill(first + row, codes.data() + row * depth_);
      }
      cpu::pack_block(codes.data(), depth_, packed + (begin + first) * depth_, correction + begin + first);
    }
  });
}

void Int8Matrix::quantise_rows(std::int64_t begin, const at::Tensor& values) {
  const auto* data = values.const_data_ptr<float>();
  fill_blocks(begin, values.size(0), [&](std::int64_t row, std::int8_t* codes) {
    return cpu::quantise_row(data + row * columns_, columns_, codes);
  });
}

void Int8Matrix::take_rows(std::int64_t begin, const at::Tensor& codes, const at::Tensor& scales) {
  const auto* data = codes.const_data_ptr<std::int8_t>();
  const auto* factors = scales.const_data_ptr<float>();
  const std::int64_t stride = codes.stride(0);
  fill_blocks(begin, codes.size(0), [&](std::int64_t row, std::int8_t* out) {
    std::copy_n(data + row * stride, columns_, out);
    return factors[row];
  });
}

std::pair<at::Tensor, at::Tensor> quantise_rows(const at::Tensor& x, std::int64_t rotation) {
  const at::Tensor codes = at::empty(x.sizes(), at::kByte), scales = at::empty({x.size(0)}, at::kFloat);
  quantise_input(x, rotation, x.size(1), codes.mutable_data_ptr<std::uint8_t>(), scales.mutable_data_ptr<float>());
  return {codes, scales};
}

Int8Rows::Int8Rows(const at::Tensor& x, std::int64_t rotation, Workspace& workspace)
    : count_(x.size(0)), columns_(x.size(1)) {
  const std::int64_t depth = round_up(columns_, kInt8Depth);
  // The scales follow the codes; a multiple of 64 bytes comes before them.
  memory_ = workspace.take(count_, depth + 4, at::kByte, at::kCPU);
  codes_ = memory_.mutable_data_ptr<std::uint8_t>();
  scales_ = reinterpret_cast<float*>(codes_ + count_ * depth);
  quantise_input(x, rotation, depth, codes_, scales_);
}

void Int8Matrix::multiply(const Int8Rows& input, const at::Tensor& out) const {
  TORCH_CHECK(input.columns() == columns_ && out.size(0) == input.count() && out.size(1) == rows_,
              "an int8 product's shapes don't fit");
  if (out.numel() == 0) return;
  const Product product{input.codes(),
                        input.scales(),
                        codes_.const_data_ptr<std::int8_t>(),
                        scale_.const_data_ptr<float>(),
                        correction_.const_data_ptr<std::int32_t>(),
                        input.count(),
                        rows_,
                        depth_,
                        out.stride(0)};
  if (out.scalar_type() == at::kFloat) {
    multiply_all(product, out.mutable_data_ptr<float>());
  } else {
    multiply_all(product, reinterpret_cast<cpu::Bf16*>(out.mutable_data_ptr<at::BFloat16>()));
  }
}

}  // namespace zimage::nn
