#include "pipeline/torch_error.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <new>
#include <span>
#include <string_view>

#include "base/text.h"

namespace zimage {
namespace {

// Values of cudaError_t, from driver_types.h of CUDA 13. The code needs no CUDA header, so that a CPU build compiles
// it.
constexpr std::int32_t kOutOfMemory = 2;
constexpr std::int32_t kNoKernelImage = 209;
// Of most of these the header says that "any further CUDA work will return the same error" and that "the process must
// be terminated and relaunched". Uncorrectable memory (214) and NVLink errors (220) and an unknown error (999), which
// is what a device looks like that fell off the bus, are no better.
constexpr std::int32_t kLasting[] = {214, 220, 226, 700, 702, 710, 714, 715, 716, 717, 718, 719, 721, 810, 911, 999};

// What libtorch's own allocators say.
constexpr std::string_view kNoMemory[] = {"can't allocate memory", "not enough memory", "out of memory"};
// cuBLAS and cuDNN allocate beside libtorch's allocator: where it has left them nothing, their handles and workspaces
// fail with these codes, some of which have other causes too.
constexpr std::string_view kLibrarySigns[] = {"CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED",
                                              "CUDNN_STATUS_INTERNAL_ERROR", "CUBLAS_STATUS_NOT_INITIALIZED",
                                              "CUDNN_STATUS_NOT_INITIALIZED"};

/// Returns the first of the signs that the text has; empty if it has none.
std::string_view sign_in(std::string_view text, std::span<const std::string_view> signs) {
  const auto found = std::find_if(signs.begin(), signs.end(),
                                  [&](std::string_view sign) { return text.find(sign) != std::string_view::npos; });
  return found == signs.end() ? std::string_view() : *found;
}

std::string first_line(std::string_view text) { return std::string(text.substr(0, text.find('\n'))); }

Error accelerator_error(const c10::AcceleratorError& e) {
  const std::string message = first_line(e.what_without_backtrace());
  if (e.get_error_code() == kNoKernelImage) {
    return {ErrorCode::kUsage, "this build of libtorch has no kernels for the GPU",
            "build with a libtorch that has them, or use --device cpu"};
  }
  if (std::find(std::begin(kLasting), std::end(kLasting), e.get_error_code()) != std::end(kLasting)) {
    return Error(ErrorCode::kRuntime, "the device can't be used any more: " + message,
                 "start the program again; if it happens again, nvidia-smi -q shows what is wrong with the GPU")
        .as_fatal();
  }
  return {ErrorCode::kRuntime, "libtorch: " + message};
}

Error plain_error(const c10::Error& e, Activity activity, const std::string& dtype) {
  const std::string_view text = e.what_without_backtrace();
  if (!sign_in(text, kNoMemory).empty()) return memory_error(activity, dtype);
  const std::string_view sign = sign_in(text, kLibrarySigns);
  if (sign.empty()) return {ErrorCode::kRuntime, "libtorch: " + first_line(text)};
  const Error error = memory_error(activity, dtype);
  return {error.code(), concat({error.message(), ", as ", sign, " mostly means"}), error.hint()};
}

}  // namespace

Error memory_error(Activity activity, const std::string& dtype) {
  const std::string dtype_too = dtype == "fp32" ? ", or --dtype bf16" : "";
  switch (activity) {
    case Activity::kPlanning: break;
    case Activity::kLoading:
      return {ErrorCode::kMemory, "out of memory while the weights were loaded",
              concat({"use a smaller or quantised file, or --offload stage or stream", dtype_too})};
    case Activity::kPicture:
      return {ErrorCode::kMemory, "out of memory while the picture was worked on",
              concat({"use a smaller --megapixels, or --offload stage or stream", dtype_too})};
  }
  return {ErrorCode::kMemory, "out of memory", "end other programs, or use a machine with more memory"};
}

void rethrow_as_error(Activity activity, const std::string& dtype) {
  try {
    throw;
  } catch (const Error&) {
    throw;
  } catch (const c10::OutOfMemoryError&) {
    throw memory_error(activity, dtype);
  } catch (const c10::AcceleratorError& e) {
    if (e.get_error_code() == kOutOfMemory) throw memory_error(activity, dtype);
    throw accelerator_error(e);
  } catch (const c10::Error& e) {
    throw plain_error(e, activity, dtype);
  } catch (const std::bad_alloc&) {
    throw memory_error(activity, dtype);
  }
}

}  // namespace zimage
