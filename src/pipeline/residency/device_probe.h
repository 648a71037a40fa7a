// Tries a device before any weight is read.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <functional>

#include "zimage/model_paths.h"

namespace zimage {

/// What is asked of a device; the tests put something else in its place.
struct DeviceProbe {
  /// Multiplies two small matrices on the device. Throws what libtorch throws if it can't.
  std::function<void(const at::Device&, at::ScalarType)> multiply;
  /// Returns whether the device has bf16 matrix units, as of compute capability 8.0.
  std::function<bool(const at::Device&)> multiplies_bf16_fast;
};

/// Returns the probe that asks the device itself.
DeviceProbe real_probe();

/// Returns the device to work on: `device` if it can multiply. If it can't, and the options leave the choice open, a
/// warning says why, and the CPU is returned. Sets a CUDA device's libtorch up before. A device without fast bf16 gives
/// a warning, and bf16 is kept: it is slow there, but fp16 overflows with many of Z-Image's files. The CPU isn't tried.
/// Errors, if the options name the device: kUsage if the build has no kernels for it, kMemory if its memory is taken,
/// kRuntime.
at::Device try_device(const at::Device& device, const ComputeOptions& options, const DeviceProbe& probe = real_probe());

}  // namespace zimage
