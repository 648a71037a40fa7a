#include "app/compare.h"

#include <optional>

#include "app/text.h"
#include "conditioning/mask.h"
#include "conditioning/mask_operations.h"
#include "core/log.h"
#include "io/atomic_file.h"
#include "io/image_file.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

std::string size_text(const Image& image) { return std::to_string(image.width) + "x" + std::to_string(image.height); }

/// As --mask of a run reads it.
Mask read_mask(const CompareJob& job, const Image& picture) {
  const Image image = io::read_image(job.mask).image;
  const std::string sizes = "the mask " + job.mask.string() + " is " + size_text(image) + ", the picture " +
                            job.a.string() + " is " + size_text(picture);
  if (!same_aspect(image.width, image.height, picture.width, picture.height)) {
    throw Error(ErrorCode::kInput, sizes, "make the mask the picture's size, or scale it with its sides in proportion");
  }
  const Mask mask = mask_from_image(image, MaskReading{});
  if (mask.width == picture.width && mask.height == picture.height) return mask;
  log::notice(printable(sizes) + ": the mask is resized");
  return resize_mask(mask, picture.width, picture.height);
}

}  // namespace

CompareReport compare_files(const CompareJob& job) {
  if (!job.difference.empty()) io::check_writable(job.difference, job.overwrite);
  const Image a = io::read_image(job.a).image;
  const Image b = io::read_image(job.b).image;
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
    io::write_file_atomically(job.difference, io::encode_image(picture.image, {}), job.overwrite);
    report.amplification = picture.amplification;
  }
  return report;
}

}  // namespace zimage::app
