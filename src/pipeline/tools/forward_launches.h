// Counts the launches of the DiT's forward, without weights and without a device.
#pragma once

#include "models/controlnet_config.h"
#include "models/dit_config.h"
#include "pipeline/tools/flops.h"
#include "pipeline/tools/launch_counter.h"

namespace zimage {

/// How a forward is computed.
enum class ForwardStyle {
  kPlain,  ///< as ATen's operations, one after another: what a device without our kernels gets without card mode
  kCard    ///< with our kernels, in card mode
};

struct ForwardLaunches {
  LaunchCounts forward;         ///< of a forward after a picture's first
  LaunchCounts block;           ///< of one of its main blocks
  double activation_bytes = 0;  ///< of one activation of the token stream, [tokens, dim]

  /// Returns how many activations the launches of a block read and write that neither multiply nor attend.
  double activations_a_block() const { return block.bytes / activation_bytes; }
};

/// Counts a forward in bf16 of a DiT of this config, beside which a ControlNet runs if `control` isn't null, on tensors
/// that have shapes and no memory (libtorch's meta device). Every layer takes part.
ForwardLaunches count_forward_launches(const DiTConfig& config, const ControlNetConfig* control, const RunSizes& sizes,
                                       ForwardStyle style);

}  // namespace zimage
