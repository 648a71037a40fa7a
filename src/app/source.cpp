#include "app/source.h"

#include "app/plan.h"
#include "app/text.h"
#include "core/log.h"

namespace zimage::app {
namespace {

/// The profile that a picture's pixels are to be converted from; empty for sRGB's, with none, and for one that doesn't
/// fit, whose bytes go as well: no program could use them on this picture.
std::optional<io::ColorProfile> profile_of(const Image& picture, io::Carried& carried, const std::string& name) {
  if (carried.icc.empty()) return std::nullopt;
  std::string why;
  auto profile = io::ColorProfile::open(carried.icc, picture.color_channels() == 1, picture.bit_depth, why);
  if (!profile) {
    log::warning("the colour profile of " + printable(name) + " is ignored and left out: " + why);
    carried.icc.clear();
    return std::nullopt;
  }
  if (profile->is_srgb()) return std::nullopt;
  return profile;
}

}  // namespace

void read_source(Plan& plan) {
  std::vector<std::uint8_t> bytes = io::read_image_bytes(plan.image_path);
  io::ImageFile picture = io::decode_image(bytes, plan.image_path.string());
  plan.input_format = picture.format;
  plan.source.carried = std::move(picture.carried);
  plan.source.profile = profile_of(picture.image, plan.source.carried, plan.image_path.string());
  plan.request.image = std::move(picture.image);
  const bool from_jpeg_to_jpeg = picture.format == io::ImageFormat::kJpeg && plan.format == io::ImageFormat::kJpeg;
  if (from_jpeg_to_jpeg) plan.source.jpeg = std::move(bytes);
  if (plan.source.carried.orientation != 1) log::info("the picture is turned upright, as its orientation says");
}

void make_working_copy(Plan& plan, const std::vector<WorkingRegion>* regions) {
  if (!plan.source.profile || !plan.source.original.empty()) return;
  log::info("the picture has a colour profile: it is worked on in sRGB, and the result goes back into the profile");
  const io::ColorProfile& profile = *plan.source.profile;
  Image picture = std::move(plan.request.image);
  if (regions == nullptr) {
    plan.request.image = profile.to_srgb(picture);
  } else {
    plan.request.image = Image(picture.width, picture.height, picture.channels, 16);
    for (const WorkingRegion& region : *regions) {
      profile.to_srgb(picture, region.x, region.y, region.width, region.height, plan.request.image);
    }
  }
  plan.source.original = std::move(picture);
}

Image read_in_srgb(const std::filesystem::path& path) {
  io::ImageFile picture = io::read_image(path);
  const auto profile = profile_of(picture.image, picture.carried, path.string());
  return profile ? profile->to_srgb(picture.image) : std::move(picture.image);
}

}  // namespace zimage::app
