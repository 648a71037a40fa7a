// How far other devices and dtypes may be from fp32 on the CPU. The same bounds hold bf16 on the CPU, which runs the
// ATen twins that a CUDA device runs, and CUDA itself.
#pragma once

#include "zimage/image.h"

namespace zimage::test {

/// Share of pixels whose every channel is within `levels` of the other picture's.
double share_within(const Image& a, const Image& b, int levels);

/// Mean absolute difference of samples, in levels.
double mean_difference(const Image& a, const Image& b);

/// bf16 keeps 8 bits of mantissa: through eight steps of a random model the mean difference stays below this.
inline constexpr double kBF16MeanLevels = 4.0;
/// fp32 on CUDA adds in another order than the CPU.
inline constexpr int kFP32Levels = 2;
inline constexpr double kFP32Share = 0.999;

/// Inpaints a fixture's picture with one of the model fixtures.
Image inpaint_fixture(const char* model, const char* device, const char* dtype);

}  // namespace zimage::test
