// A result as the bytes of its file.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "app/plan.h"
#include "conditioning/difference.h"
#include "zimage/inpainter.h"

namespace zimage::app {

struct EncodedResult {
  std::vector<std::uint8_t> bytes;
  Difference difference;  ///< of the file, once decoded, to the picture
};

/// Encodes one result in the plan's format. `making` is describe_making()'s JSON. Safe on any thread; reads `plan`.
/// Errors: kRuntime if the encoder fails.
EncodedResult encode_result(const Plan& plan, const Result& result, const ModelInfo& model,
                            const nlohmann::ordered_json& making, std::uint64_t seed);

}  // namespace zimage::app
