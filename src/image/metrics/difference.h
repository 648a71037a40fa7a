// How a result differs from the picture it came from.
#pragma once

#include <cstddef>
#include <cstdint>

#include "image/geometry.h"
#include "zimage/image.h"

namespace zimage {

struct Difference {
  std::size_t changed_pixels = 0;
  int max_change_outside_mask = 0;        ///< in levels of the coarser of the two bit depths
  double mean_change_outside_mask = 0.0;  ///< the same, over the samples compared
};

/// Compares the colours (and alpha, where both have one) of two pictures of one size, whatever their channels and
/// depths.
Difference compare(const Image& before, const Image& after, const Mask& mask);

/// The same of a picture that is seen part by part: what isn't seen is as it was.
class Comparison {
 public:
  /// Both must outlive this.
  Comparison(const Image& before, const Mask& mask) : before_(before), mask_(mask) {}

  /// What the other picture has from (left, top) on, but for a box of the picture, which was not seen yet.
  void add(const Image& part, int left, int top, const Box& but = {});
  /// What another comparison with the same picture saw.
  void add(const Comparison& other);
  Difference result() const;

  /// What is found in some of the rows.
  struct Sums {
    std::size_t changed_pixels = 0;
    int max_outside = 0;
    std::uint64_t sum_outside = 0;
    void add(const Sums& other);
  };

 private:
  const Image& before_;
  const Mask& mask_;
  Sums sums_;
  bool alpha_ = false;
};

}  // namespace zimage
