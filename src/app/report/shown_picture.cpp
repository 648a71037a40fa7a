#include "app/report/shown_picture.h"

#include "codecs/image_file.h"
#include "image/scale.h"

namespace zimage::app {

Image fitted_picture(const Image& picture, int most_width, int most_height, bool larger_too) {
  const auto [width, height] = fit_into(picture.width, picture.height, most_width, most_height, larger_too);
  const bool larger = width > picture.width || height > picture.height;
  return larger ? enlarge(picture, width, height) : shrink(picture, width, height);
}

std::vector<std::uint8_t> png_of(const Image& picture) { return codecs::encode_image(picture, {}); }

}  // namespace zimage::app
