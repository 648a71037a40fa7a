// Pictures' samples as plain values.
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

/// As many values as the picture has samples.
inline void fill(Image& image, const Values& values) {
  for (std::size_t i = 0; i < image.samples.size(); ++i) image.samples.set(i, values.at(i));
}

}  // namespace zimage::test
