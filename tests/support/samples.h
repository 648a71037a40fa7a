// Handles pictures' samples as plain values.
#pragma once

#include <cstdint>
#include <vector>

#include "zimage/image.h"

namespace zimage::test {

using Values = std::vector<std::uint16_t>;

inline Values values(const Image& image) {
  Values out(image.samples.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = image.samples[i];
  return out;
}

/// Sets the picture's samples; `values` has one for each.
inline void fill(Image& image, const Values& values) {
  for (std::size_t i = 0; i < image.samples.size(); ++i) image.samples.set(i, values.at(i));
}

}  // namespace zimage::test
