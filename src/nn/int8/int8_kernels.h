// The loops around an int8 product on the CPU: they quantise rows, pack a weight's blocks and scale the sums. They know
// no tensor.
#pragma once

#include <cstdint>

namespace zimage::nn::cpu {

/// So many rows of a weight are multiplied together. AMX takes at most 64 columns of a packed matrix.
inline constexpr std::int64_t kInt8Block = 64;
/// Rows of codes are padded to a multiple of so many: AMX takes 64 bytes at once.
inline constexpr std::int64_t kInt8Depth = 64;
/// Codes of activations are unsigned, as VNNI wants them: this stands for zero.
inline constexpr int kInt8Zero = 128;
/// Rows whose largest magnitude is below this become zeros: its inverse would overflow.
inline constexpr float kInt8Smallest = 1e-30F;

/// A bf16 number.
struct Bf16 {
  std::uint16_t bits;
};

/// Writes round(x / scale) + kInt8Zero for `count` numbers and returns the scale, the largest magnitude / 127; ties go
/// to even. A row with a number that isn't finite has a scale that isn't. With `rotation` = 4ⁿ, which divides `count`,
/// the row is first multiplied by the regular Hadamard matrix in groups of so many. `scratch` has room for `count`
/// numbers.
float quantise_row(const float* x, std::int64_t count, std::int64_t rotation, float* scratch, std::uint8_t* codes);
float quantise_row(const Bf16* x, std::int64_t count, std::int64_t rotation, float* scratch, std::uint8_t* codes);

/// Writes round(x / scale) and returns the scale, likewise.
float quantise_row(const float* x, std::int64_t count, std::int8_t* codes);

/// Packs kInt8Block rows of `depth` codes, a multiple of kInt8Depth, which follow each other: four neighbours of each
/// row, row by row, then the next four. Writes to `correction` what kInt8Zero adds to the row's sums.
void pack_block(const std::int8_t* rows, std::int64_t depth, std::int8_t* packed, std::int32_t* correction);

/// What turns the sums of a block into numbers.
struct BlockScales {
  const std::int32_t* correction;  ///< of each column
  const float* column_scale;
  const float* row_scale;
};

/// Writes (sum − correction) · column_scale · row_scale of sums [rows, kInt8Block] to the first `columns` of each row
/// of `out`, rounded once. Rows of `out` are `stride` apart.
void write_scaled(const std::int32_t* sums, const BlockScales& scales, std::int64_t rows, std::int64_t columns,
                  float* out, std::int64_t stride);
void write_scaled(const std::int32_t* sums, const BlockScales& scales, std::int64_t rows, std::int64_t columns,
                  Bf16* out, std::int64_t stride);

}  // namespace zimage::nn::cpu
