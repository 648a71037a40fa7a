// Names: files spell some of them differently; models ask for one spelling.
#pragma once

#include <memory>
#include <string>

#include "weights/weight_source.h"

namespace zimage {

/// A text encoder's weights under names without the `model.` that some files put before every one of them.
std::shared_ptr<const WeightSource> text_encoder_weights(std::shared_ptr<const WeightSource> source);

}  // namespace zimage
