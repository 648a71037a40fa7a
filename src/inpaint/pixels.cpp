#include "inpaint/pixels.h"

#include <ATen/ATen.h>
#include "base/parallel.h"

#include <algorithm>

#include "inpaint/resample.h"

namespace zimage {
namespace {

/// The fewest rows that are worth a thread.
constexpr std::int64_t kRowsEach = 64;

at::Tensor plane_of(const std::vector<std::uint8_t>& values, const Mask& mask) {
  at::Tensor plane = at::empty({1, 1, mask.height, mask.width}, at::kFloat);
  std::copy(values.begin(), values.end(), plane.mutable_data_ptr<float>());
  return plane;
}

}  // namespace

at::Tensor to_pixels(const Image& image) { return to_pixels(image, {0, 0, image.width, image.height}); }

at::Tensor to_pixels(const Image& image, const Box& box) {
  at::Tensor pixels = at::empty({1, 3, box.height, box.width}, at::kFloat);
  float* out = pixels.mutable_data_ptr<float>();
  const std::size_t plane = static_cast<std::size_t>(box.width) * static_cast<std::size_t>(box.height);
  const auto step = static_cast<std::size_t>(image.channels);
  const bool color = image.color_channels() == 3;
  const auto full = static_cast<float>(image.max_value());
  image.samples.visit([&](const auto* samples) {
    parallel_for(0, box.height, kRowsEach, [&](std::int64_t begin, std::int64_t end) {
      float* to = out + begin * box.width;
      for (std::int64_t y = begin; y < end; ++y) {
        const auto* row = samples + image.index(box.x, box.y + static_cast<int>(y));
        for (std::size_t x = 0; x < static_cast<std::size_t>(box.width); ++x, ++to) {
          for (std::size_t c = 0; c < 3; ++c) {
            to[c * plane] = static_cast<float>(row[x * step + (color ? c : 0)]) / full;
          }
        }
      }
    });
  });
  return pixels;
}

at::Tensor to_pixels(const Image& image, const Box& box, int height, int width) {
  if (box.height == height && box.width == width) return to_pixels(image, box);
  // When shrinking, the whole box in fp32 would be most of the memory that a large picture takes.
  const at::Tensor pixels = height < box.height ? shrink_rows(image, box, height) : to_pixels(image, box);
  return resample(pixels, height, width, {0, 0, width, height}).clamp_(0.0, 1.0);
}

at::Tensor to_mask_tensor(const Mask& mask) { return plane_of(mask.repaint, mask); }

at::Tensor to_level_tensor(const Mask& mask) { return plane_of(mask.level, mask) / 255.0; }

at::Tensor resize_pixels(const at::Tensor& pixels, int height, int width, const Box& window) {
  if (pixels.size(2) != height || pixels.size(3) != width) {
    return resample(pixels, height, width, window).clamp_(0.0, 1.0);
  }
  return pixels.narrow(2, window.y, window.height).narrow(3, window.x, window.width);
}

Image to_image(const at::Tensor& pixels, int channels, int bit_depth) {
  Image image(static_cast<int>(pixels.size(3)), static_cast<int>(pixels.size(2)), channels, bit_depth);
  const at::Tensor levels = (pixels.narrow(1, 0, channels) * static_cast<double>(image.max_value())).round();
  const at::Tensor values = levels.permute({0, 2, 3, 1}).to(bit_depth == 16 ? at::kInt : at::kByte).contiguous();
  if (bit_depth == 16) {
    std::transform(values.const_data_ptr<int>(), values.const_data_ptr<int>() + values.numel(), image.samples.words(),
                   [](int value) { return static_cast<std::uint16_t>(value); });
  } else {
    std::copy_n(values.const_data_ptr<std::uint8_t>(), values.numel(), image.samples.bytes());
  }
  return image;
}

}  // namespace zimage
