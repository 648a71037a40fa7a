// Opens the LoRAs of a run and says what is wrong with them, all at once.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "nn/lora/lora_set.h"
#include "weights/lora/lora_file.h"
#include "weights/weight_source.h"
#include "zimage/inpainter.h"

namespace zimage {

/// What is wrong with a LoRA's file, as ends of a sentence that starts with its name.
struct LoraFindings {
  std::vector<std::string> errors{};     ///< it can't be applied
  std::vector<std::string> unmatched{};  ///< a part of it, or all of it, is of no use here
};

/// Judges a file for a DiT whose token stream is `width` wide. Its name counts, too: a training adapter looks like any
/// other LoRA.
LoraFindings judge_lora(const std::filesystem::path& path, const LoraFile& lora, std::int64_t width);

/// Opens `paths.loras`, which may be bare names in the ComfyUI folders `trees`, compares every name and shape with the
/// DiT's, and adds them to `set` in their order. No tensor but alphas is read. Errors: kModel, naming all files that
/// are no LoRA or one for something else, and every key that fits nothing in the model, unless
/// `paths.lora_allow_unmatched`, which makes a warning of it.
std::vector<LoraInfo> open_loras(const ModelPaths& paths, std::span<const std::filesystem::path> trees,
                                 const WeightSource& dit, nn::LoraSet& set);

}  // namespace zimage
