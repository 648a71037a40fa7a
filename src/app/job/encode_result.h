// A result as the bytes of its file.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "app/job/plan.h"
#include "zimage/inpainter.h"

namespace zimage::app {

struct EncodedResult {
  std::vector<std::uint8_t> bytes;
  /// The result in the colours and the depth of the picture's own file; empty where Result::image is that already.
  Image in_own_colors;
  /// A JPEG that took the picture's own coefficients where the mask keeps it.
  bool coefficients_kept = false;
  /// They were turned upright: decoders' rounding may have changed any pixel by a level.
  bool turned = false;
  /// A lossy format, and no part of the picture's own encoding was kept: all kept pixels may have changed.
  bool encoded_whole = false;
};

/// Whether the result's file is to keep coefficients of the picture's, as far as the plan tells.
bool keeps_coefficients(const Plan& plan);

/// Whether the result is to be in the colours of the picture's profile. A raw decode is sRGB, and not every format has
/// a grey that a grey profile could be for.
bool in_own_colors(const Plan& plan);

/// Encodes one result in the plan's format: brought back into the picture's own colours and depth, with what its file
/// carried. `making` is describe_making()'s JSON; `stream` is EncodeOptions::jpeg_stream. Safe on any thread; reads
/// `plan`.
/// Errors: kRuntime if the encoder fails.
EncodedResult encode_result(const Plan& plan, const Result& result, const ModelInfo& model,
                            const nlohmann::ordered_json& making, std::uint64_t seed,
                            codecs::ByteStream* stream = nullptr);

/// What went into the file.
const Image& final_image(const Result& result, const EncodedResult& encoded);

}  // namespace zimage::app
