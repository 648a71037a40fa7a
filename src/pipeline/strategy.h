// Chooses which of the two strategies holds the kept part.
#pragma once

#include "pipeline/residency/model_store.h"
#include "zimage/inpainter.h"

namespace zimage {

/// Chooses the strategy of a request. Errors: kUsage for a strategy that the ControlNet, or the lack of one, rules out,
/// and for a v1 ControlNet without a control image; kModel for the ControlNet strategy with a v1 file, which was not
/// trained to inpaint.
StrategyChoice choose_strategy(const ModelStore& models, const Request& request);

}  // namespace zimage
