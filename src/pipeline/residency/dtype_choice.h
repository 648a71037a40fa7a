// Decides in which number format a model computes.
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <string>

#include "pipeline/residency/memory_plan.h"

namespace zimage {

/// What the decision depends on: the machine and the model, never what happens to be free.
struct DtypeFacts {
  bool cpu = true;
  bool native_bf16 = false;      ///< the processor multiplies bf16 matrices itself
  bool int8 = false;             ///< the processor multiplies int8 matrices itself
  bool fp8 = false;              ///< the device multiplies fp8 matrices itself
  std::uint64_t dit_values = 0;  ///< the DiT's numbers
};

struct DtypeChoice {
  std::string name;                    ///< "fp32", "bf16", "fp16", "int8", "fp8"
  at::ScalarType dtype = at::kFloat;   ///< of the activations
  Holding bulk = Holding::kConverted;  ///< what the DiT's bulk linear layers are held in, and multiply in
  std::string reason;                  ///< as the end of a sentence: "as --dtype says"
};

/// Chooses. `auto` is bf16 on a device; on the CPU it is fp32 for small models, and for large ones bf16 if the
/// processor has it, else fp32. Errors: kUsage for an unknown dtype, for int8 on a device, for fp8 on the CPU, and for
/// either where nothing multiplies it.
DtypeChoice choose_dtype(const std::string& requested, const DtypeFacts& facts);

/// Errors: kUsage for an unknown dtype.
void check_dtype(const std::string& requested);

/// Returns whether this processor has instructions that multiply bf16 numbers (AVX512-BF16, AMX, or Arm's).
bool processor_has_bf16();

}  // namespace zimage
