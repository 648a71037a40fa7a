// What a picture's denoising steps have in common: the timesteps are known before the first, so that on a card the
// modulations of all of them are one product a block.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/dit_block.h"

namespace zimage {

/// A moment of denoising.
struct DiTStep {
  at::Tensor t_emb;      ///< [1, adaln_dim]
  at::Tensor all;        ///< t_emb of all the picture's steps [S, adaln_dim]; undefined: each step is on its own
  std::int64_t row = 0;  ///< this step's row of `all`
  double forwards = 1;   ///< how many forwards the picture takes
};

/// The modulations of a list of blocks. A block's are computed for all steps when it is first asked for: by then its
/// weights are there, even if they are streamed.
class Modulations {
 public:
  Modulation at(std::size_t index, const DiTBlock& block, const DiTStep& step);

 private:
  std::vector<Modulation> of_all_;  ///< of all steps, [S, 1, dim]; empty where a block wasn't asked for yet
};

/// The steps of one picture, or of several that share their forwards. DiT::prepare_steps() makes it, and forwards fill
/// it in.
struct DiTSteps {
  /// With more steps than this, their modulations would take much memory, so each step is on its own.
  static constexpr std::size_t kMost = 64;

  std::vector<float> timesteps;  ///< each once
  at::Tensor t_emb;              ///< of all timesteps, [S, adaln_dim]; undefined: each step is on its own
  double forwards = 1;           ///< of the model in all
  Modulations noise_refiner, layers;
  at::Tensor final_scale;  ///< the last layer's of all timesteps, [S, 1, dim]; undefined until it is needed
};

/// Those of a ControlNet's blocks, for the same steps.
struct ControlModulations {
  Modulations noise_refiner, layers;
};

}  // namespace zimage
