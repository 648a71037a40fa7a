// Turns what libtorch throws into zimage::Error.
#pragma once

#include <string>

#include "zimage/error.h"

namespace zimage {

/// What a run is at, which decides what helps when memory runs out.
enum class Activity {
  kPlanning,  ///< headers are read, and no weight is
  kLoading,   ///< weights are read
  kPicture    ///< the model works
};

/// Returns the error of a lack of memory, with a hint by what was done in which dtype ("fp32", "bf16", "fp16").
Error memory_error(Activity activity, const std::string& dtype);

/// Rethrows what is being handled. Libtorch's errors and std::bad_alloc become an Error: kMemory for all that a lack of
/// memory looks like, kUsage if the build has no kernels for the device, else kRuntime, which is fatal() if CUDA says
/// that the process can't use the device again. Everything else is rethrown as it is. Requires an exception that is
/// being handled.
[[noreturn]] void rethrow_as_error(Activity activity, const std::string& dtype);

}  // namespace zimage
