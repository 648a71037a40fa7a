// Which of the two strategies holds the kept part.
#pragma once

#include "pipeline/residency/model_store.h"
#include "zimage/inpainter.h"

namespace zimage {

/// As Inpainter::choose_strategy.
StrategyChoice choose_strategy(const ModelStore& models, const Request& request);

}  // namespace zimage
