#include "app/job/resolve_mask.h"

#include <array>
#include <charconv>
#include <utility>

#include "app/options/available.h"
#include "base/log.h"
#include "base/text.h"
#include "image/mask_operations.h"

namespace zimage::app {
namespace {

constexpr int kMaxBorder = 65536;

std::string mask_name(const Plan& plan) {
  if (plan.mask_from_alpha) return plan.image_path.string() + "'s transparency";
  return plan.mask_path.string();
}

Mask alpha_mask(const Plan& plan) {
  const Image& picture = plan.request.image;
  if (!picture.has_alpha()) {
    throw Error(ErrorCode::kInput, plan.image_path.string() + " has no transparency, which --mask alpha needs",
                "give a mask file, or a picture with an alpha channel");
  }
  return mask_from_alpha(picture, plan.mask_reading);
}

/// The file's mask at the picture's size.
Mask fitted_mask(const Plan& plan, Mask mask) {
  const Image& picture = plan.request.image;
  if (mask.width == picture.width && mask.height == picture.height) return mask;
  const std::string sizes = "the mask " + plan.mask_path.string() + " is " + size_text(mask.width, mask.height) +
                            ", the picture " + plan.image_path.string() + " is " +
                            size_text(picture.width, picture.height);
  if (!same_aspect(mask.width, mask.height, picture.width, picture.height)) {
    throw Error(ErrorCode::kInput, sizes, "make the mask the picture's size, or scale it with its sides in proportion");
  }
  log::notice(printable(sizes) + ": the mask is resized");
  return resize_mask(mask, picture.width, picture.height);
}

Mask empty_mask(const Image& picture, bool soft) {
  Mask mask(picture.width, picture.height);
  if (soft) mask.level = ZeroedBytes(mask.repaint.size());
  return mask;
}

void grow_canvas(Plan& plan) {
  Request& request = plan.request;
  const Borders& borders = plan.outpaint;
  if (!borders.any()) return;
  const std::int64_t width = std::int64_t{request.image.width} + borders.left + borders.right;
  const std::int64_t height = std::int64_t{request.image.height} + borders.top + borders.bottom;
  if (static_cast<std::uint64_t>(width * height) > kMaxPixels) {
    throw Error(ErrorCode::kInput,
                "--outpaint would make " + plan.image_path.string() + " " + std::to_string(width) + "x" +
                    std::to_string(height) + ", more than 2^28 pixels",
                "grow it by less");
  }
  request.image = zimage::grow_canvas(request.image, borders);
  request.mask = zimage::grow_canvas(request.mask, borders);
  log::info("the picture is grown to " + size_text(request.image.width, request.image.height));
}

void check_mask(const Plan& plan) {
  const Mask& mask = plan.request.mask;
  if (mask.none()) {
    throw Error(ErrorCode::kInput, "the mask " + mask_name(plan) + " repaints nothing",
                "black keeps and white repaints; --mask-invert turns it round");
  }
  if (mask.all()) {
    log::notice("the mask " + printable(mask_name(plan)) + " covers the whole picture: nothing of it is kept");
  }
}

}  // namespace

Borders parse_borders(const std::string& text) {
  std::array<int, 4> sides{};
  const char* place = text.data();
  const char* end = place + text.size();
  for (std::size_t i = 0; i < sides.size(); ++i) {
    const auto [after, error] = std::from_chars(place, end, sides[i]);
    const bool last = i + 1 == sides.size();
    const bool ends_well = last ? after == end : after != end && *after == ',';
    if (error != std::errc{} || sides[i] < 0 || sides[i] > kMaxBorder || !ends_well) {
      throw Error(ErrorCode::kUsage, "--outpaint can't be '" + text + "'",
                  "give the pixels to add at left, top, right and bottom: --outpaint 0,0,256,0");
    }
    place = last ? after : after + 1;
  }
  return {sides[0], sides[1], sides[2], sides[3]};
}

void resolve_mask_options(const Settings& settings, Plan& plan) {
  plan.mask_from_alpha = settings.text("mask") == "alpha";
  if (!plan.mask_from_alpha) plan.mask_path = settings.text("mask");
  plan.mask_reading.soft = settings.flag("soft-mask");
  plan.mask_reading.invert = settings.flag("mask-invert");
  // Soft, every value counts, so that there is no threshold but one that is asked for.
  const bool threshold = !plan.mask_reading.soft || settings.has("mask-threshold");
  plan.mask_reading.threshold = threshold ? settings.number("mask-threshold") : 0.0;
  plan.mask_fill_holes = settings.flag("mask-fill-holes");
  plan.mask_grow = static_cast<int>(settings.integer("mask-grow"));
  if (settings.has("outpaint")) plan.outpaint = parse_borders(settings.text("outpaint"));
}

Mask read_mask_file(const std::filesystem::path& path, const MaskReading& reading) {
  return mask_from_image(codecs::read_image(path).image, reading);
}

void resolve_mask(Plan& plan, std::optional<Mask> file) {
  Request& request = plan.request;
  request.mask = plan.mask_from_alpha ? alpha_mask(plan)
                 : file               ? fitted_mask(plan, *std::move(file))
                                      : empty_mask(request.image, plan.mask_reading.soft);
  if (plan.mask_fill_holes) request.mask = fill_mask_holes(request.mask);
  if (plan.mask_grow > 0) request.mask = grow_mask(request.mask, plan.mask_grow);
  request.opaque_hole = plan.mask_from_alpha;
  grow_canvas(plan);
  check_mask(plan);
}

}  // namespace zimage::app
