// A group of lanes on the CPU: they take turns, so that the bodies of bodies.h run without a GPU.
#pragma once

#include "nn/kernels/args.h"

namespace zimage::nn::kernels {

class TurnTaking {
 public:
  /// `lanes` is a power of two, at most kMost.
  explicit TurnTaking(i64 lanes) : lanes_(lanes) {}
  static constexpr i64 kMost = 1024;

  i64 lanes() const { return lanes_; }

  /// The last lane comes first: what depends on the order of lanes shows.
  template <class Function>
  void each(i64 count, Function f) const {
    for (i64 lane = (count < lanes_ ? count : lanes_) - 1; lane >= 0; --lane) {
      for (i64 i = lane; i < count; i += lanes_) f(i);
    }
  }

  template <class Function>
  float sum(i64 count, Function f) const {
    float sums[kMost] = {};
    for (i64 lane = 0; lane < lanes_; ++lane) {
      for (i64 i = lane; i < count; i += lanes_) sums[lane] += f(i);
    }
    // All lanes get the same sum, so the lanes below `offset` suffice: lane l and l ^ offset add the same two numbers.
    for (i64 offset = lanes_ / 2; offset > 0; offset /= 2) {
      for (i64 lane = 0; lane < offset; ++lane) sums[lane] += sums[lane + offset];
    }
    return sums[0];
  }

  /// The order of lanes doesn't matter here.
  template <class Function>
  u32 largest(i64 count, Function f) const {
    u32 most = 0;
    for (i64 i = count - 1; i >= 0; --i) {
      const u32 other = f(i);
      if (other > most) most = other;
    }
    return most;
  }

 private:
  i64 lanes_;
};

}  // namespace zimage::nn::kernels
