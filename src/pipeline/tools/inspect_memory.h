// Estimates what a run with an inspected file takes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pipeline/residency/dtype_choice.h"
#include "pipeline/tools/parts.h"
#include "zimage/memory.h"

namespace zimage {

/// Returns the dtype that a run on this machine's default device computes in with these parts. A part that isn't a DiT
/// is taken for one of a large model's.
DtypeChoice usual_dtype(const std::vector<ModelPart>& parts);

/// Returns the memory that a run on this machine's default device takes at 1 megapixel in a dtype, if a DiT is among
/// the parts. Other parts that are missing are taken to be the published ones in bf16. Errors: those of the parts'
/// configurations.
std::optional<MemorySummary> usual_memory(const std::vector<ModelPart>& parts, const DtypeChoice& dtype);

}  // namespace zimage
