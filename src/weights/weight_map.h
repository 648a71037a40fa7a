// Renames weights: files spell some names differently, and models ask for one spelling.
#pragma once

#include <memory>
#include <string>

#include "weights/weight_source.h"

namespace zimage {

/// Returns a text encoder's weights without the `model.` prefix that some files put before every name.
std::shared_ptr<const WeightSource> text_encoder_weights(std::shared_ptr<const WeightSource> source);

}  // namespace zimage
