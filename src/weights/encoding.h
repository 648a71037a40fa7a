// The ways in which a file's bytes stand for a weight's numbers.
#pragma once

#include <cstdint>

namespace zimage {

enum class Encoding {
  // Dense: libtorch computes with these.
  kF32,
  kF16,
  kBF16,
  // ComfyUI's formats in safetensors: bytes, with scales in tensors beside them.
  kF8E4M3,
  kF8E5M2,
  kInt8,
  kNVFP4,
  kMXFP8,
  // GGUF's blocks, which carry their own scales.
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ8_0,
  kQ2_K,
  kQ3_K,
  kQ4_K,
  kQ5_K,
  kQ6_K,
  kIQ4_NL,
  kIQ4_XS
};

struct EncodingInfo {
  const char* name;           ///< for messages and reports: "bf16", "nvfp4", "Q4_K"
  std::int64_t block_values;  ///< a block stands for so many values of a row, ...
  std::int64_t block_bytes;   ///< ... and takes so many bytes; scales in other tensors don't count
};

const EncodingInfo& info_of(Encoding encoding);

/// Returns whether it is F32, F16 or BF16.
bool is_dense(Encoding encoding);
/// Returns whether it is one of GGUF's blocks.
bool is_gguf_block(Encoding encoding);

}  // namespace zimage
