// Tells the variants of Z-Image apart, which have the same tensors, and says how each is sampled.
#pragma once

#include <string>

#include "models/config_json.h"
#include "zimage/inpainter.h"

namespace zimage {

struct VariantChoice {
  Variant variant = Variant::kTurbo;
  std::string reason;
  SamplingDefaults defaults;
};

/// Decides which variant a model is. The first of these that says something counts:
///
/// 1. the name of the DiT's `file`: "turbo", "de-turbo", "distilled" (sampled like Turbo), "z-image-base" or "ZIB", or
///    nothing but "z-image" with dtypes and versions, as base files are published;
/// 2. `scheduler`, the text of scheduler_config.json: a shift of 5 or more is the base model's;
/// 3. the name of the model's `folder`, by the rules of 1 ("de-turbo" counts before 2, because De-Turbo has Turbo's
///    scheduler).
///
/// Otherwise Turbo is assumed: that is what most fine-tunes without a mark were made from. The scheduler's shift is the
/// default one unless the file's name contradicts it. Errors: kModel for a damaged scheduler config.
VariantChoice detect_variant(const ConfigText& scheduler, const std::string& file, const std::string& folder);

}  // namespace zimage
