// Turns a result into the bytes of its file.
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

/// A result's file, and how it was encoded.
struct EncodedResult {
  std::vector<std::uint8_t> bytes;
  int width = 0;
  int height = 0;
  /// The file is a JPEG with the picture's coefficients, rotated upright: decoders' rounding may have changed any pixel
  /// by a level of luma and of both chromas.
  bool rotated = false;
  /// The format is lossy and nothing of the picture's own encoding was kept: all kept pixels may have changed.
  bool encoded_whole = false;
};

/// Encodes the picture with the patches of a run in it, in the job's format, with the picture's metadata and the
/// provenance (describe_provenance()'s JSON). The file has the source colour space and bit depth, or sRGB if the format
/// can't hold that colour space (a grey profile where there is no grey). With --no-composite it is what the model
/// decoded. `editable` is Work::editable. May be called on any thread. Errors: kRuntime if the encoder fails.
EncodedResult encode_result(const JobSpec& spec, const LoadedInputs& inputs, std::vector<Patch> made,
                            const Mask& editable, std::uint64_t seed, const ModelInfo& model,
                            const nlohmann::ordered_json& provenance);

/// Returns whether the format can't store this grey picture as grey, so that a grey profile wouldn't fit: WebP never
/// can, and BMP can't with alpha.
bool loses_grey(codecs::ImageFormat format, const Image& image);

/// Decodes the result's file and compares it with the picture; all zeros if it has another size.
/// Errors: kInput for a file that can't be decoded.
Difference compare_with_source(const JobSpec& spec, const LoadedInputs& inputs, const EncodedResult& encoded,
                               const Mask& editable);

}  // namespace zimage::app
