// The loops that dequantise fp8, int8, nvfp4 and mxfp8 on the CPU. They know no tensor.
#pragma once

#include <array>
#include <cstdint>

namespace zimage::nn::cpu {

/// The values of fp8 e4m3fn, which has no infinity and one NaN of each sign.
extern const std::array<float, 256> kE4M3;
/// The values of fp8 e5m2, a half-precision number's upper byte.
extern const std::array<float, 256> kE5M2;
/// The values of nvfp4's codes, fp4 e2m1.
extern const std::array<float, 16> kE2M1;

/// Returns the value of an exponent byte (E8M0): 2^(byte − 127). 0xFF is NaN.
float e8m0(std::uint8_t byte);

/// Writes table[code] · factor.
void scale_codes(const std::uint8_t* codes, const std::array<float, 256>& table, float factor, float* out,
                 std::int64_t count);

void scale_int8(const std::int8_t* codes, float factor, float* out, std::int64_t count);

/// Multiplies the codes by the unnormalised Hadamard matrix ⊗ⁿH₄ in groups of `group` = 4ⁿ, which divides `count`, then
/// by `factor`. The sums are exact, so their order doesn't matter. `group` is at most 4^11.
void rotate_int8(const std::int8_t* codes, std::int64_t group, float factor, float* out, std::int64_t count);

/// Writes `blocks` blocks of 16 values, two in a byte with the upper half first; every block has a factor.
void scale_fp4_blocks(const std::uint8_t* bytes, const float* factors, float* out, std::int64_t blocks);

void multiply(float* values, const float* factors, std::int64_t count);

/// Returns whether no code has its lower 7 bits at `limit` or above.
bool codes_below(const std::uint8_t* codes, std::uint8_t limit, std::int64_t count);

/// Returns the largest magnitude, or NaN if there is a NaN.
float largest_magnitude(const float* values, std::int64_t count);

}  // namespace zimage::nn::cpu
