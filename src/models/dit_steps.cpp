#include "models/dit_steps.h"

#include <ATen/ATen.h>

namespace zimage {

Modulation Modulations::at(std::size_t index, const DiTBlock& block, const DiTStep& step) {
  if (!step.all.defined()) return block.modulate(step.t_emb);
  if (of_all_.size() <= index) of_all_.resize(index + 1);
  Modulation& all = of_all_[index];
  if (!all.scale_msa.defined()) all = block.modulate(step.all);
  const auto row = [&](const at::Tensor& of_steps) { return of_steps.narrow(0, step.row, 1); };
  return {.scale_msa = row(all.scale_msa),
          .gate_msa = row(all.gate_msa),
          .scale_mlp = row(all.scale_mlp),
          .gate_mlp = row(all.gate_mlp)};
}

}  // namespace zimage
