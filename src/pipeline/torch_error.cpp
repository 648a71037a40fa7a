#include "pipeline/torch_error.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <new>
#include <span>
#include <string_view>

#include "base/text.h"
#include "nn/cuda_errors.h"

namespace zimage {
namespace {

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
  if (e.get_error_code() == nn::kCudaNoKernelImage) {
    return {ErrorCode::kUsage, "this build of libtorch has no kernels for the GPU",
            "build with a libtorch that has them, or use --device cpu"};
  }
  if (nn::cuda_error_lasts(e.get_error_code())) {
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
    if (e.get_error_code() == nn::kCudaOutOfMemory) throw memory_error(activity, dtype);
    throw accelerator_error(e);
  } catch (const c10::Error& e) {
    throw plain_error(e, activity, dtype);
  } catch (const std::bad_alloc&) {
    throw memory_error(activity, dtype);
  }
}

}  // namespace zimage
