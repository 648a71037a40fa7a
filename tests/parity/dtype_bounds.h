// Bounds on how far other devices and dtypes may be from fp32 on the CPU. They hold for CUDA, and for bf16 on the CPU,
// which runs the same ATen twins as a CUDA device.
#pragma once

#include "zimage/image.h"

namespace zimage::test {

/// Returns the share of pixels whose every channel is within `levels` of the other picture's.
double share_within(const Image& a, const Image& b, int levels);

/// Returns the mean absolute difference of samples, in levels.
double mean_difference(const Image& a, const Image& b);

/// bf16 keeps 8 bits of mantissa: over eight steps of a random model the mean difference stays below this.
inline constexpr double kBF16MeanLevels = 4.0;
/// fp32 on CUDA is added in another order than on the CPU.
inline constexpr int kFP32Levels = 2;
inline constexpr double kFP32Share = 0.999;

/// Inpaints a fixture's picture with one of the model fixtures.
Image inpaint_fixture(const char* model, const char* device, const char* dtype);

}  // namespace zimage::test
