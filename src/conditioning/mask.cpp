#include "conditioning/mask.h"

#include "conditioning/distance.h"
#include "conditioning/geometry.h"
#include "zimage/error.h"

namespace zimage {
namespace {

template <class Share>
Mask threshold_mask(const Image& image, double threshold, bool invert, Share share) {
  Mask mask(image.width, image.height);
  const auto step = static_cast<std::size_t>(image.channels);
  for (std::size_t i = 0; i < mask.repaint.size(); ++i) {
    const double value = share(image.samples.data() + i * step);
    mask.repaint[i] = (invert ? 1.0 - value : value) >= threshold ? 1 : 0;
  }
  return mask;
}

}  // namespace

std::uint16_t luminance(std::uint16_t red, std::uint16_t green, std::uint16_t blue) {
  // 0.299, 0.587 and 0.114 in 65536ths, which sum to 65536.
  return static_cast<std::uint16_t>((red * 19595U + green * 38470U + blue * 7471U + 32768U) >> 16U);
}

Mask mask_from_image(const Image& mask, double threshold, bool invert) {
  const double full = mask.max_value();
  const bool color = mask.color_channels() == 3;
  const bool alpha = mask.has_alpha();
  const int alpha_channel = mask.channels - 1;
  return threshold_mask(mask, threshold, invert, [=](const std::uint16_t* p) {
    const double light = (color ? luminance(p[0], p[1], p[2]) : p[0]) / full;
    return alpha ? light * (p[alpha_channel] / full) : light;
  });
}

Mask mask_from_alpha(const Image& picture, double threshold, bool invert) {
  if (!picture.has_alpha()) {
    throw Error(ErrorCode::kInput, "the picture has no alpha channel to make a mask of",
                "give --mask a picture that is white where it is to be repainted");
  }
  const double full = picture.max_value();
  const int alpha_channel = picture.channels - 1;
  return threshold_mask(picture, threshold, invert,
                        [=](const std::uint16_t* p) { return 1.0 - p[alpha_channel] / full; });
}

Mask grow_mask(const Mask& mask, int pixels) {
  Mask out = mask;
  if (pixels <= 0) return out;
  const Box box = grown(bounding_box(mask), pixels, {0, 0, mask.width, mask.height});
  const std::int64_t reach = static_cast<std::int64_t>(pixels) * pixels;
  for_each_nearest(mask, box, [&](int y, const std::vector<Nearest>& row) {
    std::uint8_t* line = out.repaint.data() + out.index(box.x, y);
    for (std::size_t i = 0; i < row.size(); ++i) line[i] = row[i].squared <= reach ? 1 : 0;
  });
  return out;
}

Image mask_to_image(const Mask& mask) {
  Image image(mask.width, mask.height, 1);
  for (std::size_t i = 0; i < mask.repaint.size(); ++i) image.samples[i] = mask.repaint[i] != 0 ? 255 : 0;
  return image;
}

}  // namespace zimage
