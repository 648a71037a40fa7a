#include "pipeline/strategy.h"

#include <string>

#include "zimage/error.h"

namespace zimage {

StrategyChoice choose_strategy(const ModelStore& models, const Request& request) {
  const bool wants_controlnet = request.sampling.strategy == Strategy::kControlNet;
  if (!models.has_controlnet()) {
    if (wants_controlnet) {
      throw Error(ErrorCode::kUsage, "--strategy controlnet needs a ControlNet",
                  "give --controlnet, or --strategy repaint");
    }
    return {Strategy::kRepaint, "repaint", "no ControlNet is active"};
  }
  const std::string version = "the ControlNet is version " + models.info().controlnet;
  if (models.controlnet_config().inpaints()) {
    if (request.sampling.strategy == Strategy::kRepaint) {
      throw Error(ErrorCode::kUsage, "--strategy repaint can't be used with a 33-channel ControlNet: " + version,
                  "it blends the kept part itself: leave out --strategy or --controlnet");
    }
    if (request.mask->soft()) {
      throw Error(ErrorCode::kUsage, "--soft-mask can't be used with a 33-channel ControlNet: " + version,
                  "its mask is black and white: leave out --soft-mask or --controlnet");
    }
    return {Strategy::kControlNet, "controlnet", version + ", whose 33 channels hold picture and mask"};
  }
  if (wants_controlnet) {
    throw Error(ErrorCode::kModel, "--strategy controlnet needs a 33-channel ControlNet: " + version,
                "it was not trained to inpaint: leave out --strategy, or give a 2.x file");
  }
  if (request.control_image == nullptr) {
    throw Error(ErrorCode::kUsage, "--control-image is required: a v1 ControlNet sees neither picture nor mask",
                "give a picture of edges, a pose or depth");
  }
  return {Strategy::kRepaint, "repaint", version + ", whose 16 channels don't include the mask"};
}

}  // namespace zimage
