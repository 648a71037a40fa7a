#include "weights/encoding.h"

#include <array>
#include <cstddef>

namespace zimage {
namespace {

// In the order of the enumeration. Source of GGUF's sizes: ggml, ggml-common.h.
constexpr std::array<EncodingInfo, 20> kEncodings{{
    {"fp32", 1, 4},     {"fp16", 1, 2},     {"bf16", 1, 2},     {"fp8 e4m3", 1, 1}, {"fp8 e5m2", 1, 1},
    {"int8", 1, 1},     {"nvfp4", 2, 1},    {"mxfp8", 1, 1},    {"Q4_0", 32, 18},   {"Q4_1", 32, 20},
    {"Q5_0", 32, 22},   {"Q5_1", 32, 24},   {"Q8_0", 32, 34},   {"Q2_K", 256, 84},  {"Q3_K", 256, 110},
    {"Q4_K", 256, 144}, {"Q5_K", 256, 176}, {"Q6_K", 256, 210}, {"IQ4_NL", 32, 18}, {"IQ4_XS", 256, 136},
}};
static_assert(kEncodings.size() == static_cast<std::size_t>(Encoding::kIQ4_XS) + 1);

}  // namespace

const EncodingInfo& info_of(Encoding encoding) { return kEncodings[static_cast<std::size_t>(encoding)]; }

bool is_dense(Encoding encoding) { return encoding <= Encoding::kBF16; }

bool is_gguf_block(Encoding encoding) { return encoding >= Encoding::kQ4_0; }

}  // namespace zimage
