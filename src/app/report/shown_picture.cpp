#include "app/report/shown_picture.h"

#include "codecs/image_file.h"
#include "image/scale.h"

namespace zimage::app {

Image fitted_picture(const Image& picture, int most_width, int most_height, bool enlarge) {
  const FittedSize size = fit_into(picture.width, picture.height, most_width, most_height, enlarge);
  if (size.width == picture.width && size.height == picture.height) return picture;
  return scale_image(picture, size.width, size.height);
}

std::vector<std::uint8_t> png_of(const Image& picture) { return codecs::encode_image(picture, {}); }

}  // namespace zimage::app
