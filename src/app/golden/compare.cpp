#include "app/golden/compare.h"

#include <optional>

#include "base/atomic_file.h"
#include "base/log.h"
#include "base/text.h"
#include "codecs/image_file.h"
#include "image/mask.h"
#include "image/mask_operations.h"
#include "image/shape_text.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

/// Reads the mask as a run reads --mask. Errors: kInput.
Mask read_mask(const CompareJob& job, const Image& picture) {
  const std::string text = job.mask.string();
  if (is_shape_text(text)) return mask_of_shapes(parse_shapes(text), picture.width, picture.height);
  const Image image = codecs::read_image(job.mask).image;
  const std::string sizes = "the mask " + job.mask.string() + " is " + size_text(image.width, image.height) +
                            ", the picture " + job.a.string() + " is " + size_text(picture.width, picture.height);
  if (!same_aspect(image.width, image.height, picture.width, picture.height)) {
    throw Error(ErrorCode::kInput, sizes, "make the mask the picture's size, or give it the picture's aspect ratio");
  }
  const Mask mask = mask_from_image(image, MaskReading{});
  if (mask.none() || mask.all()) {
    log::warning(concat({"the mask ", printable(job.mask.string()),
                         mask.none() ? " has no pixel that is at least half white, so nothing is inside of it"
                                     : " is at least half white everywhere, so nothing is outside of it"}));
  }
  if (mask.width == picture.width && mask.height == picture.height) return mask;
  log::notice(printable(sizes) + ": the mask is resized");
  return resize_mask(mask, picture.width, picture.height);
}

}  // namespace

CompareReport compare_files(const CompareJob& job) {
  if (!job.difference.empty()) check_writable(job.difference, job.overwrite);
  const Image a = codecs::read_image(job.a).image;
  const Image b = codecs::read_image(job.b).image;
  CompareReport report;
  report.width_a = a.width;
  report.height_a = a.height;
  report.width_b = b.width;
  report.height_b = b.height;
  if (!report.same_size()) return report;
  std::optional<Mask> mask;
  if (!job.mask.empty()) mask = read_mask(job, a);
  report.metrics = measure_pictures(a, b, mask ? &*mask : nullptr);
  if (!job.difference.empty()) {
    const DifferencePicture picture = difference_picture(a, b);
    write_file_atomically(job.difference, codecs::encode_image(picture.image, {}), job.overwrite);
    report.amplification = picture.amplification;
  }
  return report;
}

}  // namespace zimage::app
