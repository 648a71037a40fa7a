// Chooses between libtorch's attention kernels on CUDA.
#pragma once

#include <cstdint>

namespace zimage::nn {

/// The attention that some layers compute, one after another, with equal shapes.
struct AttentionWork {
  std::int64_t batch = 1;
  std::int64_t heads = 0;
  std::int64_t queries = 0;
  std::int64_t keys = 0;
  std::int64_t head_dim = 0;
  double calls = 1;  ///< how many calls of this shape are to come, this one included
};

/// Returns whether cuDNN's kernel is worth its plan. Where libtorch prefers it (compute capabilities 9.0 and 10.0), it
/// is faster than flash attention, but each shape that it sees for the first time costs the host tens to hundreds of
/// milliseconds: nothing of what is computed once a prompt or on a small picture earns that back. The answer depends on
/// the work alone and not on what came before, so that a command always gives the same bytes.
bool cudnn_is_worth_it(const AttentionWork& work);

}  // namespace zimage::nn
