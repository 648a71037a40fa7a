#include "pipeline/residency/dtype_choice.h"

#include <ATen/cpu/Utils.h>

#include <algorithm>
#include <array>

#include "zimage/error.h"

namespace zimage {
namespace {

/// Below so many numbers a forward is quick in fp32 too, and a picture is the same on every machine.
constexpr std::uint64_t kSmallModel = 1'000'000'000;

struct NamedDtype {
  const char* name;
  at::ScalarType dtype;
};

constexpr std::array<NamedDtype, 3> kDtypes{{{"fp32", at::kFloat}, {"bf16", at::kBFloat16}, {"fp16", at::kHalf}}};

DtypeChoice plain(const std::string& name, const std::string& reason) {
  const auto* found = std::find_if(kDtypes.begin(), kDtypes.end(), [&](const auto& d) { return name == d.name; });
  if (found == kDtypes.end()) {
    throw Error(ErrorCode::kUsage, "unknown dtype '" + name + "'", "--dtype is auto, fp32, bf16, fp16, int8 or fp8");
  }
  return {.name = name, .dtype = found->dtype, .reason = reason};
}

DtypeChoice int8(const DtypeFacts& facts, const std::string& reason) {
  if (!facts.cpu) {
    throw Error(ErrorCode::kUsage, "--dtype int8 works on the CPU only", "use --dtype bf16, or --device cpu");
  }
  if (!facts.int8) {
    throw Error(ErrorCode::kUsage, "this processor, or this libtorch, doesn't multiply int8 (AVX-512 VNNI, AMX)",
                "use --dtype bf16 or fp32");
  }
  const auto dtype = facts.native_bf16 ? at::kBFloat16 : at::kFloat;
  return {.name = "int8", .dtype = dtype, .bulk = Holding::kInt8, .reason = reason};
}

DtypeChoice fp8(const DtypeFacts& facts, const std::string& reason) {
  if (facts.cpu) {
    throw Error(ErrorCode::kUsage, "--dtype fp8 works on CUDA only",
                "use --dtype bf16 or int8, or --device cuda where there is a card");
  }
  if (!facts.fp8) {
    throw Error(ErrorCode::kUsage,
                "this card, or this libtorch, doesn't multiply fp8 (it takes compute capability 8.9 or above)",
                "use --dtype bf16");
  }
  return {.name = "fp8", .dtype = at::kBFloat16, .bulk = Holding::kFp8, .reason = reason};
}

}  // namespace

void check_dtype(const std::string& requested) {
  if (requested != "auto" && requested != "int8" && requested != "fp8") plain(requested, "");
}

DtypeChoice choose_dtype(const std::string& requested, const DtypeFacts& facts) {
  const std::string reason = "as --dtype says";
  if (requested == "int8") return int8(facts, reason);
  if (requested == "fp8") return fp8(facts, reason);
  if (requested != "auto") return plain(requested, reason);
  if (!facts.cpu) return plain("bf16", "the default on a device");
  if (facts.dit_values < kSmallModel) return plain("fp32", "the model is small");
  return facts.native_bf16 ? plain("bf16", "the model is large, and the processor multiplies bf16")
                           : plain("fp32", "the processor has no instructions for bf16");
}

bool processor_has_bf16() {
  const auto capabilities = at::cpu::get_cpu_capabilities();
  const std::array<const char*, 3> names{"avx512_bf16", "amx_bf16", "bf16"};
  return std::any_of(names.begin(), names.end(), [&](const char* name) {
    const auto found = capabilities.find(name);
    return found != capabilities.end() && found->second.isBool() && found->second.toBool();
  });
}

}  // namespace zimage
