// A result as the bytes of its file.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "app/job/inputs.h"
#include "app/options/job_spec.h"
#include "image/metrics/picture_metrics.h"
#include "zimage/inpainter.h"
#include "zimage/result.h"

namespace zimage::app {

struct EncodedResult {
  std::vector<std::uint8_t> bytes;
  /// A JPEG that took the picture's own coefficients where the mask keeps it.
  bool coefficients_kept = false;
  /// They were rotated upright: decoders' rounding may have changed any pixel by a level.
  bool rotated = false;
  /// A lossy format, and no part of the picture's own encoding was kept: all kept pixels may have changed.
  bool encoded_whole = false;
};

/// The picture with the result's patches in it, in the picture's own colour space and bit depth. Where the format has
/// no place for that colour space (a grey profile where there is no grey) it is in sRGB. With --no-composite what the
/// model decoded.
Image make_picture(const JobSpec& spec, const LoadedInputs& inputs, const Result& result);

/// Encodes that picture in the job's format, with the metadata that the input's file carried and the provenance
/// (describe_making()'s JSON). `editable` is Work's. On any thread. Errors: kRuntime if the encoder fails.
EncodedResult encode_picture(const JobSpec& spec, const LoadedInputs& inputs, const Image& picture,
                             const Mask& editable, std::uint64_t seed, const ModelInfo& model,
                             const nlohmann::ordered_json& making);

/// How the result's file differs from the picture once it is decoded; nothing where it has another size.
/// Errors: kInput for a file that can't be decoded.
Difference compare_with_source(const JobSpec& spec, const LoadedInputs& inputs, const EncodedResult& encoded,
                               const Mask& editable);

}  // namespace zimage::app
