// Recognises which variant of Z-Image a model is.
#pragma once

#include <string>

#include "models/variant.h"
#include "weights/model_files.h"
#include "weights/open_weights.h"

namespace zimage {

/// Takes the scheduler's and the model's own texts from the DiT's file if that carries them, as `convert` writes it:
/// they are surer than what lies beside it.
void prefer_own_texts(const OpenedPart& dit, ModelFiles& files);

/// Recognises the variant by the scheduler and by the names of the DiT's file and of the model. Of `files`, it needs
/// what find_surroundings() finds. Errors: kModel for a damaged scheduler config.
VariantChoice variant_of(const ModelFiles& files);

}  // namespace zimage
