// How a result's file differs from the picture that it came from.
#pragma once

#include <cstdint>
#include <future>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "app/job/encode_result.h"
#include "app/job/plan.h"
#include "codecs/jpeg/byte_stream.h"
#include "image/metrics/difference.h"
#include "zimage/inpainter.h"

namespace zimage::app {

/// Starts to read the coefficients of the picture's JPEG, which its result will take, into `plan.source`, while the
/// model works. A file that has to be turned upright may decode otherwise everywhere: how it does far from the mask is
/// found on the way. The plan stays as it is until the results are written.
void read_jpeg_ahead(Plan& plan);

/// A result, encoded, and how its file differs from the picture once it is decoded: which begins while the file is
/// being encoded, or once it is there, on another thread. Plan and result must outlive this.
class ComparedResult {
 public:
  /// As encode_result().
  ComparedResult(const Plan& plan, const Result& result, const ModelInfo& model, const nlohmann::ordered_json& making,
                 std::uint64_t seed);

  const EncodedResult& encoded() const { return encoded_; }
  /// Waits for it; once. Nothing where the result has another size than the picture. Errors: kInput for a file that
  /// can't be decoded.
  Difference difference();

 private:
  const Plan& plan_;
  const Result& result_;
  codecs::ByteStream stream_;
  EncodedResult encoded_;
  std::future<std::optional<Difference>> early_;  ///< of what came through the stream
  std::future<Difference> late_;                  ///< of the whole file, without that
};

}  // namespace zimage::app
