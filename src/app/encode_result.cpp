#include "app/encode_result.h"

#include <nlohmann/json.hpp>

#include "app/metadata.h"

namespace zimage::app {

EncodedResult encode_result(const Plan& plan, const Result& result, const ModelInfo& model,
                            const nlohmann::ordered_json& making, std::uint64_t seed) {
  io::EncodeOptions options;
  options.format = plan.format;
  options.quality = plan.quality;
  const bool png = plan.format == io::ImageFormat::kPng;
  if (png && plan.metadata) options.text = png_text(plan, seed, model, making);
  EncodedResult encoded;
  encoded.bytes = io::encode_image(result.image, options);
  encoded.difference.changed_pixels = result.changed_pixels;
  encoded.difference.max_change_outside_mask = result.max_change_outside_mask;
  const Image& picture = plan.request.image;
  if (!png && result.image.width == picture.width && result.image.height == picture.height) {
    // A lossy encoder changes kept pixels too: report the file as it is, not as it was before encoding.
    encoded.difference = compare(picture, io::decode_image(encoded.bytes, "the result").image, result.effective_mask);
  }
  return encoded;
}

}  // namespace zimage::app
