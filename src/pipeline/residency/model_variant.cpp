#include "pipeline/residency/model_variant.h"

#include <filesystem>
#include <system_error>

namespace zimage {

void prefer_own_texts(const OpenedPart& dit, ModelFiles& files) {
  if (!dit.scheduler.empty()) files.scheduler = {{}, dit.weights->description(), dit.scheduler};
  if (!dit.index.empty()) files.index = dit.index;
}

VariantChoice variant_of(const ModelFiles& files) {
  std::error_code error;
  const auto dit = std::filesystem::absolute(files.dit.weights, error).lexically_normal();
  const auto folder = dit.parent_path();
  // In a diffusers folder the model's name is the parent's.
  const bool diffusers = folder.filename() == "transformer";
  return detect_variant({files.scheduler.config_path.string(), files.scheduler.config}, dit.filename().string(),
                        diffusers ? folder.parent_path().filename().string() : files.name);
}

}  // namespace zimage
