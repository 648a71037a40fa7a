#include "app/job/picture.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/provenance/provenance.h"
#include "base/log.h"
#include "codecs/metadata/carry.h"
#include "codecs/metadata/exif.h"
#include "image/canvas.h"
#include "image/patch.h"

namespace zimage::app {
namespace {

using codecs::ImageFormat;

/// JPEG keeps EXIF in one segment: of its 65535 bytes, two hold the length and six "Exif\0\0".
constexpr std::size_t kLargestJpegExif = 65527;

/// Returns whether the result is in the source colour space. A raw decode is sRGB, and a grey profile needs a format
/// that stores grey.
bool in_source_colors(const JobSpec& spec, const LoadedInputs& inputs) {
  return spec.composite && !loses_grey(spec.output.format, inputs.image());
}

/// Returns the picture that the patches go into.
Image base_picture(const JobSpec& spec, const LoadedInputs& inputs) {
  const PixelSource& source = *inputs.picture;
  return source.to_srgb && !in_source_colors(spec, inputs) ? source.to_srgb(source.image) : source.image;
}

/// Converts a patch to the source colour space and bit depth.
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

/// Returns the picture's EXIF, with the provenance as its comment if the file has no other place for it. Removes the
/// comment of an earlier run, which is about another picture.
std::vector<std::uint8_t> exif_for(const JobSpec& spec, const LoadedInputs& inputs, const Image& image,
                                   const nlohmann::ordered_json& provenance) {
  std::vector<std::uint8_t> exif = inputs.metadata.exif;
  if (!exif.empty()) exif = codecs::exif::with_size(std::move(exif), image.width, image.height);
  const auto comment = codecs::exif::user_comment(exif);
  const bool ours = comment && is_provenance(*comment);
  if (ours) exif = codecs::exif::without_user_comment(std::move(exif));
  const ImageFormat format = spec.output.format;
  if (spec.no_metadata || format == ImageFormat::kPng || format == ImageFormat::kBmp) return exif;
  std::vector<std::uint8_t> with = codecs::exif::with_user_comment(exif, provenance_text(provenance));
  if (format == ImageFormat::kJpeg && with.size() > kLargestJpegExif) {
    log::warning("the provenance is too large for a JPEG's EXIF and is left out");
    return exif;
  }
  if (comment && !ours && comment->find_first_not_of(" \n") != std::string::npos) {
    log::notice("the provenance replaces the picture's EXIF comment (--no-metadata keeps the comment)");
  }
  return with;
}

/// Converts the patches to the colour space and bit depth of the picture that they go into.
std::vector<Patch> patches_for(const JobSpec& spec, const LoadedInputs& inputs, std::vector<Patch> patches) {
  if (!inputs.profile || !in_source_colors(spec, inputs)) return patches;
  for (Patch& patch : patches) patch = in_profile(patch, *inputs.profile, inputs.image().bit_depth);
  return patches;
}

/// Pastes the patches into the whole picture. With --no-composite, returns what the model decoded.
Image make_picture(const JobSpec& spec, const LoadedInputs& inputs, const std::vector<Patch>& patches) {
  if (!spec.composite) return patches.front().pixels;
  Image picture = base_picture(spec, inputs);
  for (const Patch& patch : patches) paste(patch, picture);
  return picture;
}

/// Encodes the JPEG with the picture's own coefficients where the mask keeps it; empty if they can't be kept. Only the
/// parts of the picture that are encoded anew are made, one at a time.
std::optional<std::vector<std::uint8_t>> splice(const JobSpec& spec, const LoadedInputs& inputs,
                                                const std::vector<Patch>& patches, const Mask& editable,
                                                const codecs::ImageMetadata& metadata) {
  if (!inputs.jpeg.valid() || spec.outpaint.any()) return std::nullopt;
  const auto part_of = [&](const Box& box) {
    Image part = crop_image(inputs.image(), box);
    for (const Patch& patch : patches) paste(patch, box, part);
    return part;
  };
  return codecs::splice_jpeg(*inputs.jpeg.get(), editable, part_of, metadata);
}

bool is_lossy(const JobSpec& spec) {
  return spec.output.format == ImageFormat::kJpeg || (spec.output.format == ImageFormat::kWebp && spec.quality);
}

}  // namespace

bool loses_grey(codecs::ImageFormat format, const Image& image) {
  const bool has_none = format == ImageFormat::kWebp || (format == ImageFormat::kBmp && image.has_alpha());
  return has_none && image.color_channels() == 1;
}

EncodedResult encode_result(const JobSpec& spec, const LoadedInputs& inputs, std::vector<Patch> made,
                            const Mask& editable, std::uint64_t seed, const ModelInfo& model,
                            const nlohmann::ordered_json& provenance) {
  const std::vector<Patch> patches = patches_for(spec, inputs, std::move(made));
  const Image& shown = spec.composite ? inputs.image() : patches.front().pixels;
  EncodedResult encoded;
  encoded.width = shown.width;
  encoded.height = shown.height;
  codecs::EncodeOptions options;
  options.format = spec.output.format;
  options.quality = spec.quality.value_or(0);
  if (options.format == ImageFormat::kPng && !spec.no_metadata) {
    options.text = png_text(spec, inputs.image(), seed, model, provenance);
  }
  options.metadata = inputs.metadata;
  options.metadata.exif = exif_for(spec, inputs, shown, provenance);
  if (!in_source_colors(spec, inputs)) codecs::make_srgb(options.metadata);
  if (auto spliced = splice(spec, inputs, patches, editable, options.metadata)) {
    encoded.bytes = *std::move(spliced);
    encoded.rotated = inputs.metadata.orientation != 1;
    return encoded;
  }
  if (inputs.jpeg.valid()) options.jpeg_origin = inputs.jpeg.get();
  encoded.bytes = codecs::encode_image(make_picture(spec, inputs, patches), options);
  encoded.encoded_whole = is_lossy(spec) && !editable.all();
  return encoded;
}

Difference compare_with_source(const JobSpec& spec, const LoadedInputs& inputs, const EncodedResult& encoded,
                               const Mask& editable) {
  const Image before = base_picture(spec, inputs);
  const Image after = codecs::decode_image(encoded.bytes, "the result").image;
  const bool same_size = before.width == after.width && before.height == after.height;
  return same_size ? compare(before, after, editable) : Difference{};
}

}  // namespace zimage::app
