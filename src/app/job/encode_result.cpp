#include "app/job/encode_result.h"

#include <algorithm>
#include <future>
#include <nlohmann/json.hpp>

#include "app/provenance/metadata.h"
#include "base/log.h"
#include "base/run_async.h"
#include "codecs/metadata/exif.h"
#include "image/canvas.h"
#include "image/geometry.h"

namespace zimage::app {
namespace {

/// JPEG keeps EXIF in one segment: 65535 bytes without the marker, two of length and "Exif\0\0".
constexpr std::size_t kLargestJpegExif = 65527;

/// Pixels that are worth a thread.
constexpr std::int64_t kLargePart = 1 << 16;

bool same_size(const Image& a, const Image& b) { return a.width == b.width && a.height == b.height; }

/// Whether the format has no such grey, so that there is nothing that a grey profile could be for: WebP never has, BMP
/// not with alpha.
bool loses_grey(codecs::ImageFormat format, const Image& image) {
  const bool has_none =
      format == codecs::ImageFormat::kWebp || (format == codecs::ImageFormat::kBmp && image.has_alpha());
  return has_none && image.color_channels() == 1;
}

/// The result, where the mask lets it, brought into a part of the picture: everywhere else and where the repaint left
/// the working copy as it was the picture stays bit for bit.
void put_in_profile(const Plan& plan, const Result& result, const Box& box, Image& picture) {
  const Image& working = plan.request.image;
  const auto channels = static_cast<std::size_t>(picture.channels);
  std::vector<std::uint16_t> span;
  for (int y = box.y; y < box.y + box.height; ++y) {
    const std::uint8_t* repaint = &result.effective_mask.repaint[result.effective_mask.index(0, y)];
    for (int x = box.x; x < box.x + box.width;) {
      if (repaint[x] == 0) {
        ++x;
        continue;
      }
      const int begin = x;
      while (x < box.x + box.width && repaint[x] != 0) ++x;
      const std::size_t at = picture.index(begin, y);
      const auto count = static_cast<std::size_t>(x - begin);
      // The working copy and the result have 16 bits.
      const std::uint16_t* before = working.samples.words() + at;
      const std::uint16_t* after = result.image.samples.words() + at;
      span.assign(after, after + count * channels);
      plan.source.profile->from_srgb(span.data(), count, picture.channels);
      for (std::size_t i = 0; i < count * channels; i += channels) {
        if (std::equal(after + i, after + i + channels, before + i)) continue;
        for (std::size_t c = i; c < i + channels; ++c) picture.samples.set(at + c, span[c]);
      }
    }
  }
}

/// The original with the result in it, on two threads where that is worth it.
Image in_profile(const Plan& plan, const Result& result) {
  const Image& original = plan.source.original;
  Image picture = keeps_coefficients(plan) ? rows_near(original, result.effective_mask) : original;
  Box above = bounding_box(result.effective_mask);
  Box below = above;
  above.height /= 2;
  below.y += above.height;
  below.height -= above.height;
  const bool large = std::int64_t{below.width} * below.height > kLargePart;
  std::future<void> rest = ahead_if(large, [&] { put_in_profile(plan, result, below, picture); });
  put_in_profile(plan, result, above, picture);
  rest.get();
  return picture;
}

/// What made the result, as EXIF's comment, where the file has no other place for it. A comment of an earlier run tells
/// of another picture and goes.
std::vector<std::uint8_t> exif_for(const Plan& plan, const Image& image, const nlohmann::ordered_json& making) {
  std::vector<std::uint8_t> exif = plan.source.carried.exif;
  if (!exif.empty()) exif = codecs::exif::with_size(std::move(exif), image.width, image.height);
  const auto comment = codecs::exif::user_comment(exif);
  const bool ours = comment && is_making(*comment);
  if (ours) exif = codecs::exif::without_user_comment(std::move(exif));
  const bool no_comment = plan.format == codecs::ImageFormat::kPng || plan.format == codecs::ImageFormat::kBmp;
  if (!plan.metadata || no_comment) return exif;
  std::vector<std::uint8_t> with = codecs::exif::with_user_comment(exif, making_text(making));
  if (plan.format == codecs::ImageFormat::kJpeg && with.size() > kLargestJpegExif) {
    log::warning("a JPEG's EXIF has no room for what made the picture: it is left out");
    return exif;
  }
  if (comment && !ours && comment->find_first_not_of(" \n") != std::string::npos) {
    log::notice("what made the result replaces the picture's EXIF comment (--no-metadata keeps it)");
  }
  return with;
}

bool uses_source_jpeg(const Plan& plan) {
  return plan.format == codecs::ImageFormat::kJpeg && !plan.source.jpeg.empty() && plan.quality == 0 &&
         plan.request.composite;
}

/// The source JPEG's tables, and its coefficients where the picture hasn't changed.
void fill_jpeg(const Plan& plan, const Result& result, const Image& image, codecs::EncodeOptions& options) {
  const Image& original = plan.original();
  if (!uses_source_jpeg(plan) || image.color_channels() != original.color_channels()) return;
  options.jpeg_source = &plan.source.jpeg;
  options.jpeg_orientation = plan.source.carried.orientation;
  if (!keeps_coefficients(plan) || !same_size(image, original)) return;
  options.jpeg_changed = &result.effective_mask;
  options.jpeg_ahead = plan.source.jpeg_ahead.get();
}

codecs::EncodeOptions options_for(const Plan& plan, const Result& result, const Image& image, const ModelInfo& model,
                                  const nlohmann::ordered_json& making, std::uint64_t seed) {
  codecs::EncodeOptions options;
  options.format = plan.format;
  options.quality = plan.quality;
  if (plan.format == codecs::ImageFormat::kPng && plan.metadata) options.text = png_text(plan, seed, model, making);
  options.carried.exif = exif_for(plan, image, making);
  options.carried.xmp = plan.source.carried.xmp;
  options.carried.tiff_packing = plan.source.carried.tiff_packing;
  const bool raw_fits = !plan.source.profile && plan.request.composite && !loses_grey(plan.format, image);
  const bool own_colors = in_own_colors(plan) || raw_fits;
  if (own_colors) options.carried.icc = plan.source.carried.icc;
  fill_jpeg(plan, result, image, options);
  return options;
}

bool is_lossy(const Plan& plan) {
  return plan.format == codecs::ImageFormat::kJpeg || (plan.format == codecs::ImageFormat::kWebp && plan.quality > 0);
}

}  // namespace

bool in_own_colors(const Plan& plan) {
  if (!plan.source.profile || !plan.request.composite) return false;
  return !loses_grey(plan.format, plan.original());
}

bool keeps_coefficients(const Plan& plan) { return uses_source_jpeg(plan) && !plan.outpaint.any(); }

EncodedResult encode_result(const Plan& plan, const Result& result, const ModelInfo& model,
                            const nlohmann::ordered_json& making, std::uint64_t seed, codecs::ByteStream* stream) {
  EncodedResult encoded;
  if (in_own_colors(plan)) encoded.in_own_colors = in_profile(plan, result);
  const Image& image = final_image(result, encoded);
  codecs::EncodeOptions options = options_for(plan, result, image, model, making, seed);
  options.jpeg_kept = &encoded.coefficients_kept;
  options.jpeg_stream = stream;
  if (keeps_coefficients(plan)) {
    options.whole = [&] { return with_rows_near(plan.original(), result.effective_mask, image); };
  }
  encoded.bytes = codecs::encode_image(image, options);
  encoded.encoded_whole = is_lossy(plan) && !encoded.coefficients_kept && !result.effective_mask.all();
  encoded.turned = encoded.coefficients_kept && plan.source.carried.orientation != 1;
  return encoded;
}

const Image& final_image(const Result& result, const EncodedResult& encoded) {
  return encoded.in_own_colors.empty() ? result.image : encoded.in_own_colors;
}

}  // namespace zimage::app
