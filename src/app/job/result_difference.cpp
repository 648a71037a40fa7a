#include "app/job/result_difference.h"

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "base/bounded_queue.h"
#include "base/run_async.h"
#include "codecs/image_file.h"
#include "codecs/jpeg/jpeg_ahead.h"
#include "image/geometry.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

/// Pixels that are worth a thread, and two decoders.
constexpr std::int64_t kLargePart = 1 << 16;
constexpr std::int64_t kManyPixels = 1 << 22;

Box all_of(const Mask& mask) { return {0, 0, mask.width, mask.height}; }

/// Where a file that keeps the source's coefficients where the mask is 0 may decode otherwise than the source: in MCUs
/// (of 32 pixels a side at most) with changes, and a pixel beside them. With room to spare.
Box near(const Box& changed, const Mask& mask) {
  constexpr int kRoom = 64;
  return grown(changed, kRoom, all_of(mask));
}

/// Some rows of a decoded file.
struct DecodedRows {
  Image rows;
  int top = 0;
};

/// How many of those may wait to be compared: they are few where the processors aren't busy.
constexpr std::size_t kMostWaiting = 32;

/// The picture and a part of a JPEG, rows while the next are decoded. `file`: its bytes, or a stream of them.
template <class File>
Comparison compare_rows(const Image& picture, File& file, const Box& box, const Mask& changed) {
  Comparison comparison(picture, changed);
  BoundedQueue<DecodedRows> decoded(kMostWaiting);
  const auto compare_all = [&] {
    try {
      while (const std::optional<DecodedRows> next = decoded.pop()) comparison.add(next->rows, box.x, next->top);
    } catch (...) {
      decoded.abandon();  // who decodes must not wait for room
      throw;
    }
  };
  std::future<void> comparing = ahead_if(std::int64_t{box.width} * box.height > kLargePart, compare_all);
  // A small part's rows, and all where the system has no thread to give, are compared by who decodes them.
  const bool beside = comparing.wait_for(std::chrono::seconds(0)) != std::future_status::deferred;
  try {
    codecs::decode_jpeg_part(file, "the result", box.x, box.y, box.width, box.height, [&](Image rows, int top) {
      if (beside) {
        decoded.push({std::move(rows), top});
      } else {
        comparison.add(rows, box.x, top);
      }
    });
  } catch (...) {
    decoded.abandon();
    throw;
  }
  decoded.close();
  comparing.get();
  return comparison;
}

/// A large part's upper rows and those below; of a smaller one all, and none. Rows that a decoder passes by cost it a
/// third of what decoding them does.
std::pair<Box, Box> split(const Box& box) {
  Box above = box;
  if (std::int64_t{box.width} * box.height >= kManyPixels) above.height = box.height * 3 / 5;
  return {above, {box.x, box.y + above.height, box.width, box.height - above.height}};
}

/// The same of a large part on two threads.
Comparison compare_jpeg(const Image& picture, const std::vector<std::uint8_t>& bytes, const Box& box,
                        const Mask& changed) {
  const auto [above, below] = split(box);
  if (below.empty()) return compare_rows(picture, bytes, box, changed);
  std::future<Comparison> rest = ahead([&, part = below] { return compare_rows(picture, bytes, part, changed); });
  Comparison comparison = compare_rows(picture, bytes, above, changed);
  comparison.add(rest.get());
  return comparison;
}

/// Whether the file holds the image as it is, of any kind that comes to be (BMP has no grey with alpha).
bool is_exact(codecs::ImageFormat format, const Image& image) {
  if (format == codecs::ImageFormat::kBmp) return image.bit_depth == 8 && image.channels != 2;
  return format == codecs::ImageFormat::kPng || format == codecs::ImageFormat::kTiff;
}

/// The part of a result that keeps coefficients which isn't known to be the picture's: once it has been encoded, or
/// begun to be.
struct KeptPart {
  Box box;
  const Comparison* rest = nullptr;  ///< what is known of everything else; null: it is the picture's
};

KeptPart kept_part(const Plan& plan, const Mask& mask) {
  if (plan.source.carried.orientation == 1) return {near(bounding_box(mask), mask)};
  const TurnedJpeg* turned = plan.source.turned.get();
  if (turned == nullptr || !turned->complete()) return {all_of(mask)};
  return {turned->near, &turned->far};
}

Difference with_rest(Comparison comparison, const KeptPart& part) {
  if (part.rest != nullptr) comparison.add(*part.rest);
  return comparison.result();
}

/// Nothing if the stream doesn't have a whole file.
std::optional<Difference> compare_stream(const Plan& plan, const Mask& mask, codecs::ByteStream& stream) {
  std::optional<KeptPart> part;
  if (plan.source.carried.orientation == 1) part = kept_part(plan, mask);  // another's is known once there is a file
  if (!stream.begun()) return std::nullopt;
  if (!part) part = kept_part(plan, mask);
  try {
    return with_rest(compare_rows(plan.original(), stream, part->box, mask), *part);
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// Of a file that is there.
Difference compare_result(const Plan& plan, const Result& result, const EncodedResult& encoded) {
  const Image& image = final_image(result, encoded);
  // In sRGB, where the result is, unless it went back: then the original is what it must be compared with.
  const Image& picture = encoded.in_own_colors.empty() ? plan.request.image : plan.source.original;
  const Mask& mask = result.effective_mask;
  if (encoded.coefficients_kept) {
    const KeptPart part = kept_part(plan, mask);
    return with_rest(compare_jpeg(picture, encoded.bytes, part.box, mask), part);
  }
  if (image.width != picture.width || image.height != picture.height) return {};
  if (plan.format == codecs::ImageFormat::kJpeg) {
    return compare_jpeg(picture, encoded.bytes, all_of(mask), mask).result();
  }
  if (is_exact(plan.format, image)) return compare(picture, image, mask);
  // Lossy encoders change kept pixels too, and fewer bits all: what counts is the file as it is.
  return compare(picture, codecs::decode_image(encoded.bytes, "the result").image, mask);
}

}  // namespace

void read_jpeg_ahead(Plan& plan) {
  PictureSource& source = plan.source;
  const Request& request = plan.request;
  if (source.carried.orientation == 1) {
    source.jpeg_ahead = std::make_shared<codecs::JpegAhead>(source.jpeg);
    return;
  }
  const Box changed = grown(bounding_box(request.mask), request.feather, all_of(request.mask));
  source.turned = std::make_shared<TurnedJpeg>(plan.original(), request.mask, near(changed, request.mask));
  source.jpeg_ahead = std::make_shared<codecs::JpegAhead>(
      source.jpeg, source.carried.orientation,
      [turned = source.turned.get()](const Image& rows, int top) { turned->add(rows, top); });
}

ComparedResult::ComparedResult(const Plan& plan, const Result& result, const ModelInfo& model,
                               const nlohmann::ordered_json& making, std::uint64_t seed)
    : plan_(plan), result_(result) {
  const bool streams = keeps_coefficients(plan);
  if (streams) early_ = ahead([this] { return compare_stream(plan_, result_.effective_mask, stream_); });
  try {
    encoded_ = encode_result(plan, result, model, making, seed, streams ? &stream_ : nullptr);
  } catch (...) {
    stream_.close();
    throw;
  }
  stream_.close();
  if (streams && encoded_.coefficients_kept) return;
  late_ = ahead([this] { return compare_result(plan_, result_, encoded_); });
}

Difference ComparedResult::difference() {
  if (late_.valid()) return late_.get();
  const std::optional<Difference> seen = early_.get();
  return seen ? *seen : compare_result(plan_, result_, encoded_);
}

}  // namespace zimage::app
