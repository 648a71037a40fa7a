#include "app/job/source.h"

#include <future>

#include "app/job/plan.h"
#include "base/log.h"
#include "base/run_async.h"
#include "base/text.h"
#include "image/canvas.h"

namespace zimage::app {
namespace {

struct OpenedProfile {
  std::optional<codecs::ColorProfile> profile;
  std::string why{};  ///< it can't be used
};

OpenedProfile open_profile(const std::vector<std::uint8_t>& icc, bool grey, int bit_depth) {
  OpenedProfile opened;
  opened.profile = codecs::ColorProfile::open(icc, grey, bit_depth, opened.why);
  return opened;
}

/// A JPEG's profile says before its pixels what it is: opening one takes a good part of the time that those do.
std::future<OpenedProfile> open_profile_ahead(const std::vector<std::uint8_t>& bytes) {
  std::optional<codecs::JpegProfile> jpeg = codecs::read_jpeg_profile(bytes);
  if (!jpeg) return {};
  return ahead([jpeg = *std::move(jpeg)] { return open_profile(jpeg.icc, jpeg.grey, 8); });
}

/// The profile that a picture's pixels are to be converted from; empty for sRGB's, with none, and for one that doesn't
/// fit, whose bytes go as well: no program could use them on this picture.
std::optional<codecs::ColorProfile> profile_of(const Image& picture, codecs::Carried& carried, const std::string& name,
                                               std::future<OpenedProfile> opening = {}) {
  if (carried.icc.empty()) return std::nullopt;
  OpenedProfile opened =
      opening.valid() ? opening.get() : open_profile(carried.icc, picture.color_channels() == 1, picture.bit_depth);
  if (!opened.profile) {
    log::warning("the colour profile of " + printable(name) + " is ignored and left out: " + opened.why);
    carried.icc.clear();
    return std::nullopt;
  }
  if (opened.profile->is_srgb()) return std::nullopt;
  return std::move(opened.profile);
}

/// What the results of regions may change.
std::vector<Box> changed_parts(const Request& request, const std::vector<WorkingRegion>& regions) {
  std::vector<Box> parts;
  for (const WorkingRegion& region : regions) {
    parts.push_back(changed_part(request.mask, region, request.feather));
  }
  return parts;
}

}  // namespace

void read_source(Plan& plan) {
  std::vector<std::uint8_t> bytes = codecs::read_image_bytes(plan.image_path);
  std::future<OpenedProfile> opening = open_profile_ahead(bytes);
  codecs::ImageFile picture = codecs::decode_image(bytes, plan.image_path.string());
  plan.input_format = picture.format;
  plan.source.carried = std::move(picture.carried);
  plan.source.profile = profile_of(picture.image, plan.source.carried, plan.image_path.string(), std::move(opening));
  plan.request.image = std::move(picture.image);
  const bool from_jpeg_to_jpeg =
      picture.format == codecs::ImageFormat::kJpeg && plan.format == codecs::ImageFormat::kJpeg;
  if (from_jpeg_to_jpeg) plan.source.jpeg = std::move(bytes);
  if (plan.source.carried.orientation != 1) log::info("the picture is turned upright, as its orientation says");
}

void make_working_copy(Plan& plan, const std::vector<WorkingRegion>* regions) {
  if (!plan.source.profile) return;
  log::info("the picture has a colour profile: it is worked on in sRGB, and the result goes back into the profile");
  if (plan.dry_run) return;
  plan.source.original = std::move(plan.request.image);
  const Image& picture = plan.source.original;
  plan.request.image = Image(picture.width, picture.height, picture.channels, 16);
  const codecs::ColorProfile& profile = *plan.source.profile;
  std::vector<Box> parts{{0, 0, picture.width, picture.height}};
  if (regions != nullptr) {
    parts = changed_parts(plan.request, *regions);
    plan.request.own_colors = {&picture, [&profile](const Image& part) { return profile.to_srgb(part); }};
  }
  auto converting = ahead([&plan, &profile, parts = std::move(parts), goes_back = regions != nullptr] {
    for (const Box& part : parts) {
      profile.to_srgb(plan.source.original, part.x, part.y, part.width, part.height, plan.request.image);
    }
    if (goes_back) profile.prepare_from_srgb();
  });
  plan.request.image_ready = converting.share();
}

Image part_in_srgb(const Plan& plan, const Box& box) {
  if (plan.request.own_colors.picture == nullptr) return crop_image(plan.request.image, box);
  return plan.source.profile->to_srgb(crop_image(plan.source.original, box));
}

Image read_in_srgb(const std::filesystem::path& path) {
  codecs::ImageFile picture = codecs::read_image(path);
  const auto profile = profile_of(picture.image, picture.carried, path.string());
  return profile ? profile->to_srgb(picture.image) : std::move(picture.image);
}

}  // namespace zimage::app
