// What the portable kernels are called and what they are given. Kernels are written once (bodies.h) and run on the CPU
// and on CUDA, where NVRTC compiles this file as it is: so it includes nothing and uses no standard library.
#pragma once

#if defined(__CUDACC__)
#define ZIMAGE_KERNEL __device__ __forceinline__
#elif defined(__GNUC__)
#define ZIMAGE_KERNEL __attribute__((always_inline)) inline
#else
#define ZIMAGE_KERNEL inline
#endif

namespace zimage::nn::kernels {

using i64 = long long;
using i32 = int;
using i8 = signed char;
using u8 = unsigned char;
using u16 = unsigned short;
using u32 = unsigned int;

/// The elements that tensors consist of. Kernels compute in fp32 whatever the element is.
enum class ElementId { kFloat, kBf16, kHalf };

/// A lane reads and writes so many neighbouring elements at once, where addresses and lengths allow.
constexpr int kPack = 4;

// Strides are in elements, `void` pointers point to elements of the launch's ElementId, and the elements of a row are
// neighbours. A pointer that "may be null" leaves its factor out. What a kernel writes may be what it reads, at the
// same place; nothing else may overlap.

/// out = x · rsqrt(mean(x²) + eps) · weight · scale; scale may be null.
struct NormArgs {
  const void* x;
  const void* weight;
  const void* scale;
  void* out;
  i64 dim;
  i64 x_stride;
  i64 out_stride;
  float eps;
};

/// Some heads of each token: of q, or of k.
struct HeadsArgs {
  const void* x;
  void* out;
  const void* weight;  ///< [dim]
  i64 heads;
  i64 x_token_stride;
  i64 x_head_stride;
  i64 out_token_stride;
  i64 out_head_stride;
};

/// Applies per-head RMSNorm, then the rotary embedding of interleaved pairs. A row is a head of a token, so there are
/// tokens · (q.heads + k.heads) rows; k.heads may be 0. Token t takes rope[t % rope_tokens].
struct NormRopeArgs {
  HeadsArgs q;
  HeadsArgs k;
  const float* rope;  ///< [rope_tokens, dim / 2, 2]: cos, sin
  i64 rope_tokens;
  i64 dim;
  float eps;
};

/// x += gate · (y · rsqrt(mean(y²) + eps) · weight); gate may be null.
struct AddGatedNormArgs {
  void* x;
  const void* y;
  const void* weight;
  const void* gate;
  i64 dim;
  i64 x_stride;
  i64 y_stride;
  float eps;
};

/// As AddGatedNormArgs says; then next_out = x · rsqrt(mean(x²) + next_eps) · next_weight · next_scale of the new x.
struct AddGatedNormThenNormArgs {
  AddGatedNormArgs add;
  const void* next_weight;
  const void* next_scale;  ///< may be null
  void* next_out;
  i64 next_stride;
  float next_eps;
};

/// out = silu(gate) · up.
struct SwigluArgs {
  const void* gate;
  const void* up;
  void* out;
  i64 width;
  i64 gate_stride;
  i64 up_stride;
  i64 out_stride;
};

/// out = (x − mean(x)) · rsqrt(var(x) + eps) · scale.
struct LayerNormArgs {
  const void* x;
  const void* scale;
  void* out;
  i64 dim;
  i64 x_stride;
  i64 out_stride;
  float eps;
};

/// GroupNorm of maps [images, cells, channels] takes three launches. The first one's row is a part of an image, of
/// `part_cells` cells, and it writes each channel's mean over the part and the sum of the squared distances from it:
/// rows = images · parts, with parts = ceil(cells / part_cells).
struct GroupNormPartsArgs {
  const void* x;
  float* parts;  ///< [images, parts, 2, channels]
  i64 channels;
  i64 cells;
  i64 part_cells;
};

/// The second one's row is a group of an image, rows = images · groups, and its width is parts · (channels / groups).
/// It writes what the norm does to each channel: x · scale + shift.
struct GroupNormAffineArgs {
  const float* parts;
  const void* weight;  ///< [channels]
  const void* bias;    ///< [channels]
  float* affine;       ///< [images, 2, channels]: scale, shift
  i64 channels;
  i64 groups;
  i64 cells;
  i64 part_cells;
  float eps;
};

/// The third one's row is a cell. It writes x · scale + shift or its SiLU.
struct GroupNormApplyArgs {
  const void* x;
  const float* affine;
  void* out;
  i64 channels;
  i64 cells;
  i64 silu;           ///< 1: with the SiLU
  i64 round_between;  ///< 1: what the SiLU is given is rounded to the element, as by two ATen operations
};

/// The largest groups of rotated columns that int8's unpacker takes: its work grows with a group's length.
constexpr i64 kMostRotated = 4096;

/// The largest number of fp8 e4m3.
constexpr float kLargestFp8 = 448.0F;
/// Rows of smaller numbers become zeros in fp8: the inverse of their scale would overflow.
constexpr float kSmallestFp8 = 1e-30F;

/// Writes rows of a stored weight (weights/stored_weight.h) as numbers.
struct UnpackArgs {
  const u8* data;
  const float* scale;         ///< of fp8 and int8; may be null
  const float* column_scale;  ///< [columns], applied last; may be null
  void* out;
  i64 columns;
  i64 row_bytes;     ///< from one row of `data` to the next
  i64 scale_stride;  ///< 0: one scale for all rows; 1: one for each
  i64 out_stride;
  i64 rotation;  ///< of int8: columns were rotated in groups of so many, 4 to 4096 by powers of 4; 0: they weren't
  float rotation_norm;  ///< 1 / sqrt(rotation), which is exact
};

/// codes = x / scale as fp8 e4m3, with scale = max |x| / 448 of the row; ties go to even. A row whose largest magnitude
/// is below kSmallestFp8 has the scale 0, and one with a number that isn't finite a scale that isn't; their codes are
/// 0.
struct QuantiseFp8Args {
  const void* x;
  u8* codes;
  float* scale;  ///< one for each row
  i64 width;
  i64 x_stride;
  i64 codes_stride;
};

/// All kernels: X(name of the body and of the kernel, name of its KernelId, its arguments, how many packs of a row a
/// lane takes before a group is given more lanes).
#define ZIMAGE_KERNELS(X)                                                         \
  X(norm, kNorm, NormArgs, 4)                                                     \
  X(norm_rope, kNormRope, NormRopeArgs, 4)                                        \
  X(add_gated_norm, kAddGatedNorm, AddGatedNormArgs, 4)                           \
  X(add_gated_norm_then_norm, kAddGatedNormThenNorm, AddGatedNormThenNormArgs, 4) \
  X(swiglu, kSwiglu, SwigluArgs, 4)                                               \
  X(layer_norm, kLayerNorm, LayerNormArgs, 4)                                     \
  X(group_norm_parts, kGroupNormParts, GroupNormPartsArgs, 1)                     \
  X(group_norm_affine, kGroupNormAffine, GroupNormAffineArgs, 1)                  \
  X(group_norm_apply, kGroupNormApply, GroupNormApplyArgs, 1)                     \
  X(unpack_f8_e4m3, kUnpackF8E4M3, UnpackArgs, 4)                                 \
  X(unpack_f8_e5m2, kUnpackF8E5M2, UnpackArgs, 4)                                 \
  X(unpack_int8, kUnpackInt8, UnpackArgs, 4)                                      \
  X(unpack_q4_0, kUnpackQ4_0, UnpackArgs, 4)                                      \
  X(unpack_q4_1, kUnpackQ4_1, UnpackArgs, 4)                                      \
  X(unpack_q5_0, kUnpackQ5_0, UnpackArgs, 4)                                      \
  X(unpack_q5_1, kUnpackQ5_1, UnpackArgs, 4)                                      \
  X(unpack_q8_0, kUnpackQ8_0, UnpackArgs, 4)                                      \
  X(unpack_q2_k, kUnpackQ2_K, UnpackArgs, 4)                                      \
  X(unpack_q3_k, kUnpackQ3_K, UnpackArgs, 4)                                      \
  X(unpack_q4_k, kUnpackQ4_K, UnpackArgs, 4)                                      \
  X(unpack_q5_k, kUnpackQ5_K, UnpackArgs, 4)                                      \
  X(unpack_q6_k, kUnpackQ6_K, UnpackArgs, 4)                                      \
  X(unpack_iq4_nl, kUnpackIQ4_NL, UnpackArgs, 4)                                  \
  X(unpack_iq4_xs, kUnpackIQ4_XS, UnpackArgs, 4)                                  \
  X(quantise_fp8, kQuantiseFp8, QuantiseFp8Args, 4)

#define ZIMAGE_KERNEL_ID(name, id, Args, packs) id,
enum class KernelId { ZIMAGE_KERNELS(ZIMAGE_KERNEL_ID) };
#undef ZIMAGE_KERNEL_ID

struct KernelInfo {
  KernelId id;
  const char* name;
  i64 args_bytes;
  i64 packs_a_lane;
};

#define ZIMAGE_KERNEL_INFO(name, id, Args, packs) {KernelId::id, #name, sizeof(Args), packs},
constexpr KernelInfo kKernels[] = {ZIMAGE_KERNELS(ZIMAGE_KERNEL_INFO)};
#undef ZIMAGE_KERNEL_INFO

constexpr i64 kKernelCount = sizeof(kKernels) / sizeof(kKernels[0]);

constexpr const KernelInfo& info_of(KernelId id) { return kKernels[static_cast<int>(id)]; }

/// Returns how many lanes work on a row of `width` elements: a power of two from 32 to 1024. It decides the order of
/// the sums, so every executor uses it.
constexpr i64 lanes_for(KernelId id, i64 width) {
  const i64 at_once = kPack * info_of(id).packs_a_lane;
  i64 lanes = 32;
  while (lanes < 1024 && lanes * at_once < width) lanes *= 2;
  return lanes;
}

}  // namespace zimage::nn::kernels
