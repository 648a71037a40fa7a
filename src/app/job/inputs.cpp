#include "app/job/inputs.h"

#include <future>
#include <string>
#include <utility>

#include "app/job/carried_metadata.h"
#include "app/job/picture.h"
#include "base/log.h"
#include "base/run_async.h"
#include "base/text.h"
#include "image/canvas.h"
#include "image/display.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

/// Returns the profile that a picture's pixels are to be converted from; null if there is none, if it is sRGB's, or if
/// it doesn't fit. One that doesn't fit is also dropped from the metadata: no program could use it on this picture.
std::shared_ptr<const codecs::ColorProfile> profile_of(const Image& picture, codecs::ImageMetadata& metadata,
                                                       const std::string& name) {
  if (metadata.icc.empty()) return nullptr;
  std::string why;
  auto profile = codecs::ColorProfile::open(metadata.icc, picture.color_channels() == 1, picture.bit_depth, why,
                                            metadata.hdr_white);
  if (!profile) {
    log::warning("the colour profile of " + printable(name) + " is ignored and left out: " + why);
    metadata.icc.clear();
    return nullptr;
  }
  if (profile->is_srgb()) return nullptr;
  return std::make_shared<const codecs::ColorProfile>(*std::move(profile));
}

/// Brings a picture into sRGB.
Image in_srgb(codecs::ImageFile picture, const std::string& name) {
  const auto profile = profile_of(picture.image, picture.metadata, name);
  return profile ? profile->to_srgb(picture.image) : std::move(picture.image);
}

/// Reads everything but the mask, without the canvas of --outpaint. Returns the picture.
Image read_picture(const JobSpec& spec, LoadedInputs& inputs) {
  std::vector<std::uint8_t> bytes = spec.stdin_picture ? *spec.stdin_picture : codecs::read_image_bytes(spec.image);
  codecs::ImageFile picture = codecs::decode_image(bytes, spec.image_name());
  inputs.metadata = std::move(picture.metadata);
  inputs.profile = profile_of(picture.image, inputs.metadata, spec.image_name());
  bring_to_format(spec, picture.format, inputs.metadata);
  const bool jpegs = picture.format == codecs::ImageFormat::kJpeg && spec.output.format == codecs::ImageFormat::kJpeg;
  if (jpegs && !spec.quality && spec.composite) {
    // Prepares what encoding the result needs, while the model works.
    auto prepare = [bytes = std::move(bytes), orientation = inputs.metadata.orientation,
                    profile = inputs.profile]() mutable {
      auto origin = codecs::open_jpeg_origin(std::move(bytes), orientation);
      if (profile) profile->prepare_from_srgb();
      return origin;
    };
    inputs.jpeg = run_async(std::move(prepare)).share();
  }
  if (inputs.metadata.orientation != 1) log::info("the picture is rotated upright, as its EXIF orientation says");
  if (inputs.profile) {
    log::info("the picture has a colour profile: the model works in sRGB, and the result is converted to the profile");
  }
  return std::move(picture.image);
}

std::shared_ptr<const PixelSource> make_source(Image image, const LoadedInputs& inputs) {
  PixelSource source{std::move(image), {}};
  if (inputs.profile) source.to_srgb = [profile = inputs.profile](const Image& part) { return profile->to_srgb(part); };
  return std::make_shared<const PixelSource>(std::move(source));
}

/// Returns whether a pixel of the result would be transparent: --mask alpha makes those opaque that it repaints.
bool stays_transparent(const JobSpec& spec, const LoadedInputs& inputs) {
  const Image& picture = inputs.image();
  const Mask& mask = *inputs.mask;
  if (!picture.has_alpha() || !spec.composite) return false;
  const bool opens = spec.mask.from_alpha && mask.level.empty();
  return picture.samples.visit([&](const auto* p) {
    p += picture.channels - 1;
    for (std::size_t i = 0; i < mask.repaint.size(); ++i, p += picture.channels) {
      if (*p != picture.max_value() && !(opens && mask.repaint[i] != 0)) return true;
    }
    return false;
  });
}

}  // namespace

std::unique_ptr<const LoadedInputs> read_inputs(const JobSpec& spec) {
  auto inputs = std::make_unique<LoadedInputs>();
  // If both the mask and the picture fail, the picture's error is thrown.
  std::future<MaskFile> reading = begin_mask(spec);
  Image picture = read_picture(spec, *inputs);
  Mask mask = finish_mask(spec, picture, std::move(reading));
  grow_onto_canvas(spec, picture, mask);
  warn_of_transparency(spec, picture, mask);
  inputs->picture = make_source(std::move(picture), *inputs);
  inputs->mask = std::make_shared<const Mask>(std::move(mask));
  if (!spec.control_image.empty()) {
    inputs->control_image =
        std::make_shared<const Image>(in_srgb(codecs::read_image(spec.control_image), spec.control_image.string()));
  }
  warn_about_losses(spec, *inputs);
  return inputs;
}

Image shown_picture(const std::vector<std::uint8_t>& file) {
  return without_alpha(to_8_bit_color(in_srgb(codecs::decode_image(file, "the result"), "the result")));
}

Request make_request(const JobSpec& spec, const LoadedInputs& inputs) {
  Request request;
  request.picture = inputs.picture;
  request.mask = inputs.mask;
  request.control_image = inputs.control_image;
  request.prompt = spec.prompt;
  request.negative_prompt = spec.negative_prompt;
  request.sampling = spec.sampling;
  request.seed = spec.seed;
  request.crop = spec.crop;
  request.padding = spec.padding.value_or(request.padding);
  request.megapixels = spec.megapixels.value_or(request.megapixels);
  request.composite = spec.composite;
  request.opaque_hole = spec.mask.from_alpha;
  request.feather = spec.feather;
  request.color_match = spec.color_match;
  request.keep_latents = !spec.output.results.front().latents_path.empty();
  return request;
}

void warn_about_losses(const JobSpec& spec, const LoadedInputs& inputs) {
  const codecs::ImageFormat format = spec.output.format;
  if (format == codecs::ImageFormat::kJpeg && stays_transparent(spec, inputs)) {
    log::warning("JPEG has no transparency: the picture's is lost (--format png keeps it)");
  }
  const bool deep = format == codecs::ImageFormat::kPng || format == codecs::ImageFormat::kTiff;
  if (!deep && inputs.image().bit_depth == 16) {
    log::warning("the picture has 16 bits a sample, and the result will have 8 (--format png or tiff keeps them)");
  }
  if (inputs.profile && loses_grey(format, inputs.image())) {
    log::warning(
        "the result can't be grey: kept pixels are converted from the picture's grey profile to sRGB (--format "
        "png or tiff keeps them)");
  }
  // A JPEG that keeps its coefficients says so if it can't after all.
  const bool lossy_jpeg = format == codecs::ImageFormat::kJpeg && (!inputs.jpeg.valid() || spec.outpaint.any());
  if (lossy_jpeg || (format == codecs::ImageFormat::kWebp && spec.quality)) {
    log::info("the output format is lossy: encoding changes kept pixels (--format png keeps them exactly)");
  }
}

}  // namespace zimage::app
