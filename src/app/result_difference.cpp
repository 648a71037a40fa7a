#include "app/result_difference.h"

#include <cstdint>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "conditioning/geometry.h"
#include "core/ahead.h"
#include "io/image_file.h"
#include "io/jpeg_ahead.h"

namespace zimage::app {
namespace {

/// Pixels that are worth a thread, and two decoders.
constexpr std::int64_t kLargePart = 1 << 16;
constexpr std::int64_t kManyParts = 1 << 22;

Box all_of(const Mask& mask) { return {0, 0, mask.width, mask.height}; }

/// Where a file that keeps the source's coefficients where the mask is 0 may decode otherwise than the source: in MCUs
/// (of 32 pixels a side at most) with changes, and a pixel beside them. With room to spare.
Box near(const Box& changed, const Mask& mask) {
  constexpr int kRoom = 64;
  return grown(changed, kRoom, all_of(mask));
}

/// The picture and a part of a JPEG, rows while the next are decoded.
Comparison compare_rows(const Image& picture, const std::vector<std::uint8_t>& bytes, const Box& box,
                        const Mask& changed) {
  Comparison comparison(picture, changed);
  std::future<void> comparing;
  const bool large = std::int64_t{box.width} * box.height > kLargePart;
  io::decode_jpeg_part(bytes, "the result", box.x, box.y, box.width, box.height, [&](Image rows, int top) {
    if (comparing.valid()) comparing.get();
    comparing =
        ahead_if(large, [&comparison, left = box.x, top, rows = std::move(rows)] { comparison.add(rows, left, top); });
  });
  if (comparing.valid()) comparing.get();
  return comparison;
}

/// The same of a large part on two threads. Rows that one of them passes by cost it a third of what decoding them does.
Comparison compare_jpeg(const Image& picture, const std::vector<std::uint8_t>& bytes, const Box& box,
                        const Mask& changed) {
  if (std::int64_t{box.width} * box.height < kManyParts) return compare_rows(picture, bytes, box, changed);
  Box above = box;
  Box below = box;
  above.height = box.height * 3 / 5;
  below.y += above.height;
  below.height -= above.height;
  std::future<Comparison> rest = ahead([&] { return compare_rows(picture, bytes, below, changed); });
  Comparison comparison = compare_rows(picture, bytes, above, changed);
  comparison.add(rest.get());
  return comparison;
}

/// Whether the file holds the image as it is, of any kind that comes to be (BMP has no grey with alpha).
bool is_exact(io::ImageFormat format, const Image& image) {
  if (format == io::ImageFormat::kBmp) return image.bit_depth == 8 && image.channels != 2;
  return format == io::ImageFormat::kPng || format == io::ImageFormat::kTiff;
}

/// Of a JPEG that keeps coefficients.
Difference compare_kept(const Plan& plan, const Image& picture, const Mask& mask, const EncodedResult& encoded) {
  if (!encoded.turned) return compare_jpeg(picture, encoded.bytes, near(bounding_box(mask), mask), mask).result();
  const TurnedJpeg* turned = plan.source.turned.get();
  if (turned == nullptr || !turned->complete()) {
    return compare_jpeg(picture, encoded.bytes, all_of(mask), mask).result();
  }
  Comparison comparison = compare_jpeg(picture, encoded.bytes, turned->near, mask);
  comparison.add(turned->far);
  return comparison.result();
}

}  // namespace

void read_jpeg_ahead(Plan& plan) {
  PictureSource& source = plan.source;
  const Request& request = plan.request;
  const Image& picture = plan.original();
  const Box changed = grown(bounding_box(request.mask), request.feather, all_of(request.mask));
  source.turned = std::make_shared<TurnedJpeg>(picture, request.mask, near(changed, request.mask));
  source.jpeg_ahead = std::make_shared<io::JpegAhead>(
      source.jpeg, source.carried.orientation,
      [turned = source.turned.get()](const Image& rows, int top) { turned->add(rows, top); });
}

Difference compare_result(const Plan& plan, const Result& result, const EncodedResult& encoded) {
  const Image& image = final_image(result, encoded);
  // In sRGB, where the result is, unless it went back: then the original is what it must be compared with.
  const Image& picture = encoded.in_own_colors.empty() ? plan.request.image : plan.source.original;
  const Mask& mask = result.effective_mask;
  if (encoded.coefficients_kept) return compare_kept(plan, picture, mask, encoded);
  if (image.width != picture.width || image.height != picture.height) return {};
  if (plan.format == io::ImageFormat::kJpeg) {
    return compare_jpeg(picture, encoded.bytes, all_of(mask), mask).result();
  }
  if (is_exact(plan.format, image)) return compare(picture, image, mask);
  // Lossy encoders change kept pixels too, and fewer bits all: what counts is the file as it is.
  return compare(picture, io::decode_image(encoded.bytes, "the result").image, mask);
}

}  // namespace zimage::app
