#include <optional>
#include <string>
#include <utility>

#include "app/job/annotations/annotation_mask.h"
#include "app/job/inputs.h"
#include "base/log.h"
#include "base/run_async.h"
#include "base/text.h"
#include "image/canvas.h"
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

void say_threshold(const JobSpec& spec) {
  const MaskReading& reading = spec.mask.reading;
  if (!spec.mask.label && reading.threshold == (reading.soft ? 0.0 : MaskReading{}.threshold)) return;
  log::write(spec.batch ? log::Level::kInfo : log::Level::kNotice,
             "--mask-threshold does nothing to shapes and annotations: they have no grey values");
}

/// Makes a mask of shapes or annotations, which are white on black for the options that follow.
MaskFile mask_of_outlines(const JobSpec& spec, const Image& picture) {
  say_threshold(spec);
  MaskFile file;
  Mask covered;
  if (spec.mask.annotated) {
    AnnotationMask drawn = mask_of_annotations(spec, picture.width, picture.height);
    covered = std::move(drawn.mask);
    file.facts.why_nothing = std::move(drawn.empty);
    file.facts.hint = std::move(drawn.hint);
  } else {
    covered = mask_of_shapes(spec.mask.shapes, picture.width, picture.height);
  }
  const MaskReading reading{.invert = spec.mask.reading.invert, .soft = spec.mask.reading.soft};
  if (reading.invert && covered.all()) {
    file.facts.why_nothing = "it covers the whole picture, and --mask-invert keeps what it covers";
    file.facts.hint = "leave out --mask-invert";
  }
  file.mask = mask_from_image(mask_to_image(covered), reading);
  return file;
}

/// Returns the mask before it is fitted to the picture; nothing with --outpaint alone.
std::optional<MaskFile> mask_file(const JobSpec& spec, const Image& picture, std::future<MaskFile>& reading) {
  if (reading.valid()) return reading.get();
  if (spec.mask.annotated || !spec.mask.shapes.empty()) return mask_of_outlines(spec, picture);
  if (!spec.mask.from_alpha) return std::nullopt;
  if (!picture.has_alpha()) {
    throw Error(ErrorCode::kInput, spec.image_name() + " has no transparency, which --mask alpha needs",
                "give a mask file, or a picture with an alpha channel");
  }
  return mask_of_alpha(picture, spec.mask);
}

void check_canvas(const JobSpec& spec, const Image& picture) {
  const Borders& borders = spec.outpaint;
  const std::int64_t width = std::int64_t{picture.width} + borders.left + borders.right;
  const std::int64_t height = std::int64_t{picture.height} + borders.top + borders.bottom;
  if (static_cast<std::uint64_t>(width * height) <= kMaxPixels) return;
  throw Error(ErrorCode::kInput,
              "--outpaint would make " + spec.image_name() + " " + std::to_string(width) + "x" +
                  std::to_string(height) + ", more than 2^28 pixels",
              "grow it by less");
}

}  // namespace

std::future<MaskFile> begin_mask(const JobSpec& spec) {
  if (spec.mask.path.empty() || spec.mask.annotated) return {};
  return run_async([&spec] { return read_mask_file(spec.mask); });
}

Mask finish_mask(const JobSpec& spec, const Image& picture, std::future<MaskFile> reading) {
  std::optional<MaskFile> file = mask_file(spec, picture, reading);
  Mask mask = file ? fitted_mask(spec, picture, std::move(file->mask)) : empty_mask(picture, spec.mask.reading.soft);
  if (spec.mask.fill_holes) mask = fill_mask_holes(mask);
  if (spec.mask.grow > 0) mask = grow_mask(mask, spec.mask.grow);
  check_mask(spec, picture, mask, file ? std::optional(std::move(file->facts)) : std::nullopt);
  return mask;
}

void grow_onto_canvas(const JobSpec& spec, Image& picture, Mask& mask) {
  if (!spec.outpaint.any()) return;
  check_canvas(spec, picture);
  picture = grow_canvas(picture, spec.outpaint);
  mask = grow_canvas(mask, spec.outpaint);
  log::info("the picture is grown to " + size_text(picture.width, picture.height));
}

}  // namespace zimage::app
