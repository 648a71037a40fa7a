#include "conditioning/composite.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "conditioning/pixels.h"

namespace zimage {

Image composite(const Image& picture, const Mask& mask, const WorkingRegion& region, const at::Tensor& pixels,
                bool opaque) {
  Image out = picture;
  const at::Tensor fitted = resize_pixels(pixels, region.height, region.width).contiguous();
  const float* values = fitted.const_data_ptr<float>();
  const std::size_t plane = static_cast<std::size_t>(region.width) * static_cast<std::size_t>(region.height);
  const auto full = static_cast<float>(picture.max_value());
  for (int y = 0; y < region.height; ++y) {
    for (int x = 0; x < region.width; ++x) {
      const int px = region.x + x;
      const int py = region.y + y;
      if (mask.repaint[static_cast<std::size_t>(py) * static_cast<std::size_t>(mask.width) +
                       static_cast<std::size_t>(px)] == 0) {
        continue;
      }
      const std::size_t from =
          static_cast<std::size_t>(y) * static_cast<std::size_t>(region.width) + static_cast<std::size_t>(x);
      std::uint16_t* to = out.samples.data() + out.index(px, py);
      if (picture.color_channels() == 3) {
        for (std::size_t c = 0; c < 3; ++c) {
          to[c] = static_cast<std::uint16_t>(std::nearbyint(values[c * plane + from] * full));
        }
      } else {
        const float grey = 0.299F * values[from] + 0.587F * values[plane + from] + 0.114F * values[2 * plane + from];
        to[0] = static_cast<std::uint16_t>(std::nearbyint(std::clamp(grey, 0.0F, 1.0F) * full));
      }
      if (opaque && picture.has_alpha()) to[picture.channels - 1] = picture.max_value();
    }
  }
  return out;
}

}  // namespace zimage
