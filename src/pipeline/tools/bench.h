// What a measurement needs of the model beyond a run: its sizes, its counted work, and what the machine can do at best.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "zimage/inpainter.h"

namespace zimage {

/// What a run is made of, whoever times it.
struct RunWork {
  std::int64_t image_tokens = 0;    ///< padded to a multiple of 32
  std::int64_t caption_tokens = 0;  ///< padded likewise
  double encode_prompt = 0.0;       ///< operations of the stages; 2 for a multiply-add
  double encode_picture = 0.0;
  double forward = 0.0;  ///< one, with the ControlNet's part if there is one
  double decode = 0.0;
};

/// A model that is opened to be measured.
class BenchModel {
 public:
  /// Opens the model's files or, if `random_shape` isn't empty, makes random weights of that shape (random_model()); of
  /// `paths`, only the ControlNet and the LoRAs count then. Errors: those of Inpainter's constructor and of
  /// random_model().
  BenchModel(const ModelPaths& paths, const std::string& random_shape, const ComputeOptions& compute);
  ~BenchModel();

  Inpainter& inpainter();
  const Inpainter& inpainter() const;
  /// Returns the bytes of weights that were read so far.
  std::uint64_t bytes_loaded() const;
  /// Returns the work of a run on a picture of these sides, multiples of 16, with a prompt of `prompt_tokens`.
  RunWork work_of(int width, int height, std::int64_t prompt_tokens) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A product of matrices, [rows, in] by [out, in], and how fast at::linear does it.
struct GemmCeiling {
  std::string dtype;
  std::int64_t rows = 0, in = 0, out = 0;
  double gflops = 0.0;  ///< 10⁹ operations a second in the fastest of several
};

/// Measures at::linear on the shape of the DiT's largest product for `tokens` tokens, with the model's dtype and
/// device; with its nearest one if at::linear doesn't multiply it. `check` is called between the products and may
/// throw.
GemmCeiling measure_gemm(const BenchModel& model, std::int64_t tokens, const std::function<void()>& check);

/// Forgets the largest use of a device's memory so far, and returns the one since then. 0: on the CPU.
void reset_device_peak(const std::string& device);
std::uint64_t device_peak_bytes(const std::string& device);

}  // namespace zimage
