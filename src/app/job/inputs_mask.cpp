#include <string>
#include <utility>

#include "app/job/inputs.h"
#include "base/log.h"
#include "base/text.h"
#include "image/mask_operations.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

/// Brings the file's mask to the picture's size. Errors: kInput for another aspect ratio.
Mask fitted_mask(const JobSpec& spec, const Image& picture, Mask mask) {
  if (mask.width == picture.width && mask.height == picture.height) return mask;
  const std::string sizes = "the mask " + spec.mask.path.string() + " is " + size_text(mask.width, mask.height) +
                            ", the picture " + spec.image_name() + " is " + size_text(picture.width, picture.height);
  if (!same_aspect(mask.width, mask.height, picture.width, picture.height)) {
    throw Error(ErrorCode::kInput, sizes, "make the mask the picture's size, or give it the picture's aspect ratio");
  }
  log::notice(printable(sizes) + ": the mask is resized");
  return resize_mask(mask, picture.width, picture.height);
}

Mask empty_mask(const Image& picture, bool soft) {
  Mask mask(picture.width, picture.height);
  if (soft) mask.level.assign(mask.repaint.size(), 0);
  return mask;
}

}  // namespace

Mask make_mask(const JobSpec& spec, const Image& image, std::optional<Mask> file) {
  Mask mask = file ? fitted_mask(spec, image, *std::move(file)) : empty_mask(image, spec.mask.reading.soft);
  if (spec.mask.fill_holes) mask = fill_mask_holes(mask);
  if (spec.mask.grow > 0) mask = grow_mask(mask, spec.mask.grow);
  return mask;
}

}  // namespace zimage::app
