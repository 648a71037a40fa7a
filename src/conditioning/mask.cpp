#include "conditioning/mask.h"

#include <cmath>

#include "zimage/error.h"

namespace zimage {
namespace {

template <class Share>
Mask read_shares(const Image& image, const MaskReading& reading, Share share) {
  Mask mask(image.width, image.height);
  if (reading.soft) mask.level.resize(mask.repaint.size());
  const auto step = static_cast<std::size_t>(image.channels);
  for (std::size_t i = 0; i < mask.repaint.size(); ++i) {
    const double value = share(image.samples.data() + i * step);
    const double wanted = reading.invert ? 1.0 - value : value;
    if (wanted < reading.threshold || (reading.soft && wanted <= 0.0)) continue;
    mask.repaint[i] = 1;
    // Rounded up: what is above 0 stays above 0.
    if (reading.soft) mask.level[i] = static_cast<std::uint8_t>(std::ceil(wanted * 255.0 - 1e-9));
  }
  return mask;
}

}  // namespace

std::uint16_t luminance(std::uint16_t red, std::uint16_t green, std::uint16_t blue) {
  // 0.299, 0.587 and 0.114 in 65536ths, which sum to 65536.
  return static_cast<std::uint16_t>((red * 19595U + green * 38470U + blue * 7471U + 32768U) >> 16U);
}

Mask mask_from_image(const Image& mask, const MaskReading& reading) {
  const double full = mask.max_value();
  const bool color = mask.color_channels() == 3;
  const bool alpha = mask.has_alpha();
  const int alpha_channel = mask.channels - 1;
  return read_shares(mask, reading, [=](const std::uint16_t* p) {
    const double light = (color ? luminance(p[0], p[1], p[2]) : p[0]) / full;
    return alpha ? light * (p[alpha_channel] / full) : light;
  });
}

Mask mask_from_image(const Image& image, double threshold, bool invert) {
  return mask_from_image(image, MaskReading{threshold, invert, false});
}

Mask mask_from_alpha(const Image& picture, const MaskReading& reading) {
  if (!picture.has_alpha()) {
    throw Error(ErrorCode::kInput, "the picture has no alpha channel to make a mask of",
                "give --mask a picture that is white where it is to be repainted");
  }
  const double full = picture.max_value();
  const int alpha_channel = picture.channels - 1;
  return read_shares(picture, reading, [=](const std::uint16_t* p) { return 1.0 - p[alpha_channel] / full; });
}

Mask mask_from_alpha(const Image& picture, double threshold, bool invert) {
  return mask_from_alpha(picture, MaskReading{threshold, invert, false});
}

Image mask_to_image(const Mask& mask) {
  Image image(mask.width, mask.height, 1);
  for (std::size_t i = 0; i < mask.repaint.size(); ++i) image.samples[i] = mask.repaint[i] != 0 ? 255 : 0;
  return image;
}

}  // namespace zimage
