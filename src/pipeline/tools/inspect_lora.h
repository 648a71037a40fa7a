// The findings about a LoRA's file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pipeline/tools/inspect.h"

namespace zimage {

/// Compares a LoRA with the published DiT. What is wrong is appended to `problems`. Errors: kModel for a damaged file.
LoraFacts lora_facts(const std::filesystem::path& path, std::vector<std::string>& problems);

}  // namespace zimage
