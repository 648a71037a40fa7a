#include "app/page/read_picture.h"

#include <array>
#include <string_view>

#include "app/job/inputs.h"
#include "app/job/mask_file.h"
#include "app/options/option.h"
#include "app/options/settings.h"
#include "app/provenance/provenance.h"
#include "base/file_name.h"
#include "base/text.h"
#include "codecs/image_file.h"
#include "image/scale.h"
#include "zimage/error.h"

namespace zimage::app {
namespace fs = std::filesystem;
using nlohmann::ordered_json;
namespace {

/// The options that say what a mask repaints, and where the picture lies on the result.
constexpr std::array kMaskOptions = {"mask",      "mask-invert",     "mask-threshold", "soft-mask",
                                     "mask-grow", "mask-fill-holes", "outpaint"};

ordered_json record_of(const codecs::ImageFile& file) {
  const std::optional<std::string> text = provenance_of(file);
  if (!text) return ordered_json::object();
  ordered_json record = ordered_json::parse(*text, nullptr, false);
  return record.is_object() ? record : ordered_json::object();
}

JobSpec bound_to(const Settings& settings) {
  settings.check_values();
  JobSpec spec;
  for (const char* name : kMaskOptions) find_option(name)->bind.set(settings, name, spec);
  return spec;
}

/// Returns the mask's options with those of the record, or without if they can't be read.
JobSpec options_of(const std::string& mask, const ordered_json& recorded) {
  Settings settings;
  if (!mask.empty()) settings.set("mask", {mask}, Source::kReplay);
  const Settings defaults = settings;
  for (const char* name : kMaskOptions) {
    const ordered_json value = recorded.value(name, ordered_json());
    if (value.is_null() || std::string_view(name) == "mask") continue;
    settings.set(name, {value.is_string() ? value.get<std::string>() : value.dump()}, Source::kReplay);
  }
  try {
    return bound_to(settings);
  } catch (const Error&) {
    return bound_to(defaults);
  }
}

}  // namespace

Image PagePicture::small(int width, int height) const {
  if (!profile) return shrink(image, width, height);
  const Image colors = profile->to_srgb(shrink(image, width, height, image.bit_depth));
  return shrink(colors, width, height);
}

fs::path found_again(const fs::path& path, const fs::path& report) {
  std::error_code ignored;
  if (path.is_absolute() || fs::exists(path, ignored)) return path;
  for (const fs::path& candidate : {path, report.parent_path() / path}) {
    if (fs::exists(candidate, ignored)) return candidate;
    if (const auto other = in_other_form(candidate)) return *other;
  }
  return path;
}

PagePicture read_picture(const fs::path& path) {
  const std::vector<std::uint8_t> bytes = codecs::read_image_bytes(path);
  codecs::ImageFile file = codecs::decode_image(bytes, path.string());
  PagePicture picture;
  picture.digest = digest_bytes(bytes);
  picture.record = record_of(file);
  if (!file.metadata.icc.empty()) {
    std::string why;
    picture.profile = codecs::ColorProfile::open(file.metadata.icc, file.image.color_channels() == 1,
                                                 file.image.bit_depth, why, file.metadata.hdr_white);
    if (picture.profile && picture.profile->is_srgb()) picture.profile.reset();
  }
  picture.image = std::move(file.image);
  return picture;
}

JobSpec mask_options(const ReportLine& line, const fs::path& report, const ordered_json& record) {
  const ordered_json options = record.value("options", ordered_json::object());
  JobSpec spec = options_of(line.path({"mask"}).string(), options.is_object() ? options : ordered_json::object());
  spec.image = found_again(line.path({"image"}), report);
  if (!spec.mask.path.empty()) spec.mask.path = found_again(spec.mask.path, report);
  return spec;
}

Mask read_mask(const JobSpec& spec, const Image& picture) { return finish_mask(spec, picture, begin_mask(spec)); }

}  // namespace zimage::app
