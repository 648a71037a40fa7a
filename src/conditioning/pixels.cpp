#include "conditioning/pixels.h"

#include <ATen/ATen.h>

namespace zimage {

at::Tensor to_pixels(const Image& image) {
  at::Tensor pixels = at::empty({1, 3, image.height, image.width}, at::kFloat);
  float* out = pixels.mutable_data_ptr<float>();
  const std::size_t plane = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
  const auto step = static_cast<std::size_t>(image.channels);
  const bool color = image.color_channels() == 3;
  const auto full = static_cast<float>(image.max_value());
  for (std::size_t i = 0; i < plane; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      out[c * plane + i] = static_cast<float>(image.samples[i * step + (color ? c : 0)]) / full;
    }
  }
  return pixels;
}

at::Tensor to_mask_tensor(const Mask& mask) {
  return at::tensor(mask.repaint, at::kByte).to(at::kFloat).reshape({1, 1, mask.height, mask.width});
}

at::Tensor resize_pixels(const at::Tensor& pixels, int height, int width) {
  if (pixels.size(2) == height && pixels.size(3) == width) return pixels;
  return at::_upsample_bicubic2d_aa(pixels, {height, width}, /*align_corners=*/false).clamp_(0.0, 1.0);
}

at::Tensor resize_mask(const at::Tensor& mask, int height, int width) {
  if (mask.size(2) == height && mask.size(3) == width) return mask;
  return std::get<0>(at::adaptive_max_pool2d(mask, {height, width}));
}

Image to_image(const at::Tensor& pixels) {
  Image image(static_cast<int>(pixels.size(3)), static_cast<int>(pixels.size(2)), 3);
  const at::Tensor levels = (pixels * 255.0).round().permute({0, 2, 3, 1}).to(at::kByte).contiguous();
  const std::uint8_t* data = levels.const_data_ptr<std::uint8_t>();
  image.samples.assign(data, data + levels.numel());
  return image;
}

}  // namespace zimage
