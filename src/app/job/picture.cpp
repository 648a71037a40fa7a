#include "app/job/picture.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/provenance/metadata.h"
#include "base/log.h"
#include "codecs/metadata/exif.h"

namespace zimage::app {
namespace {

using codecs::ImageFormat;

/// JPEG keeps EXIF in one segment: 65535 bytes without the marker, two of length and "Exif\0\0".
constexpr std::size_t kLargestJpegExif = 65527;

bool same_size(const Image& a, const Image& b) { return a.width == b.width && a.height == b.height; }

/// Whether the format has no such grey, so that there is nothing that a grey profile could be for: WebP never has, BMP
/// not with alpha.
bool loses_grey(ImageFormat format, const Image& image) {
  const bool has_none = format == ImageFormat::kWebp || (format == ImageFormat::kBmp && image.has_alpha());
  return has_none && image.color_channels() == 1;
}

/// Whether the result is in the picture's own colour space. A raw decode is sRGB, and not every format has a grey that
/// a grey profile could be for.
bool in_own_colors(const JobSpec& spec, const LoadedInputs& inputs) {
  return spec.composite && !loses_grey(spec.output.format, inputs.image());
}

/// What the patches go into.
Image base_picture(const JobSpec& spec, const LoadedInputs& inputs) {
  const PixelSource& source = *inputs.picture;
  return source.to_srgb && !in_own_colors(spec, inputs) ? source.to_srgb(source.image) : source.image;
}

/// A patch in the colour space and bit depth of the picture's profile.
Patch in_profile(const Patch& patch, const codecs::ColorProfile& profile, int bit_depth) {
  const auto channels = static_cast<std::size_t>(patch.pixels.channels);
  const std::size_t pixels = patch.coverage.size();
  Patch out{patch.box, Image(patch.box.width, patch.box.height, patch.pixels.channels, bit_depth), patch.coverage};
  std::vector<std::uint16_t> run;
  for (std::size_t i = 0; i < pixels; ++i) {
    if (patch.coverage[i] == 0) continue;
    const std::size_t begin = i;
    while (i < pixels && patch.coverage[i] != 0) ++i;
    const std::uint16_t* words = patch.pixels.samples.words();
    run.assign(words + begin * channels, words + i * channels);
    profile.from_srgb(run.data(), i - begin, patch.pixels.channels);
    for (std::size_t s = 0; s < run.size(); ++s) out.pixels.samples.set(begin * channels + s, run[s]);
  }
  return out;
}

/// The picture's EXIF with the provenance as its comment, where the file has no other place for that. A comment of an
/// earlier run is about another picture and goes.
std::vector<std::uint8_t> exif_for(const JobSpec& spec, const LoadedInputs& inputs, const Image& image,
                                   const nlohmann::ordered_json& making) {
  std::vector<std::uint8_t> exif = inputs.carried.exif;
  if (!exif.empty()) exif = codecs::exif::with_size(std::move(exif), image.width, image.height);
  const auto comment = codecs::exif::user_comment(exif);
  const bool ours = comment && is_making(*comment);
  if (ours) exif = codecs::exif::without_user_comment(std::move(exif));
  const ImageFormat format = spec.output.format;
  if (spec.no_metadata || format == ImageFormat::kPng || format == ImageFormat::kBmp) return exif;
  std::vector<std::uint8_t> with = codecs::exif::with_user_comment(exif, making_text(making));
  if (format == ImageFormat::kJpeg && with.size() > kLargestJpegExif) {
    log::warning("a JPEG's EXIF has no room for what made the picture: it is left out");
    return exif;
  }
  if (comment && !ours && comment->find_first_not_of(" \n") != std::string::npos) {
    log::notice("what made the result replaces the picture's EXIF comment (--no-metadata keeps it)");
  }
  return with;
}

/// The source JPEG's tables, and its coefficients where the picture hasn't changed.
void fill_jpeg(const JobSpec& spec, const LoadedInputs& inputs, const Image& image, const Mask& editable,
               codecs::EncodeOptions& options) {
  if (!inputs.jpeg.valid() || spec.quality || !spec.composite) return;
  if (image.color_channels() != inputs.image().color_channels()) return;
  options.jpeg_origin = inputs.jpeg.get();
  if (!spec.outpaint.any() && same_size(image, inputs.image())) options.jpeg_changed = &editable;
}

bool is_lossy(const JobSpec& spec) {
  return spec.output.format == ImageFormat::kJpeg || (spec.output.format == ImageFormat::kWebp && spec.quality);
}

}  // namespace

Image make_picture(const JobSpec& spec, const LoadedInputs& inputs, const Result& result) {
  if (!spec.composite) return result.patches.front().pixels;
  Image picture = base_picture(spec, inputs);
  const bool converts = inputs.profile && in_own_colors(spec, inputs);
  for (const Patch& patch : result.patches) {
    paste(converts ? in_profile(patch, *inputs.profile, picture.bit_depth) : patch, picture);
  }
  return picture;
}

EncodedResult encode_picture(const JobSpec& spec, const LoadedInputs& inputs, const Image& picture,
                             const Mask& editable, std::uint64_t seed, const ModelInfo& model,
                             const nlohmann::ordered_json& making) {
  codecs::EncodeOptions options;
  options.format = spec.output.format;
  options.quality = spec.quality.value_or(0);
  if (options.format == ImageFormat::kPng && !spec.no_metadata) {
    options.text = png_text(spec, inputs.image(), seed, model, making);
  }
  options.carried.exif = exif_for(spec, inputs, picture, making);
  options.carried.xmp = inputs.carried.xmp;
  options.carried.tiff_packing = inputs.carried.tiff_packing;
  if (in_own_colors(spec, inputs)) options.carried.icc = inputs.carried.icc;
  fill_jpeg(spec, inputs, picture, editable, options);
  EncodedResult encoded;
  options.jpeg_kept = &encoded.coefficients_kept;
  encoded.bytes = codecs::encode_image(picture, options);
  encoded.rotated = encoded.coefficients_kept && inputs.carried.orientation != 1;
  encoded.encoded_whole = is_lossy(spec) && !encoded.coefficients_kept && !editable.all();
  return encoded;
}

Difference compare_with_source(const JobSpec& spec, const LoadedInputs& inputs, const EncodedResult& encoded,
                               const Mask& editable) {
  const Image before = base_picture(spec, inputs);
  const Image after = codecs::decode_image(encoded.bytes, "the result").image;
  return same_size(before, after) ? compare(before, after, editable) : Difference{};
}

}  // namespace zimage::app
