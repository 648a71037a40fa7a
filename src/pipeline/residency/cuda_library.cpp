#include "pipeline/residency/cuda_library.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>

#include <filesystem>

#include "base/log.h"
#include "base/text.h"
#include "nn/kernels/shared_library.h"

namespace zimage {
namespace {

void open_cuda_library() {
  const std::filesystem::path library = nn::kernels::torch_folder() / "libtorch_cuda.so";
  std::error_code error;
  if (!std::filesystem::exists(library, error)) return;
  dlerror();
  if (nn::kernels::SharedLibrary({library.string()}).valid()) return;
  const char* const reason = dlerror();
  log::warning(concat({"libtorch's part for CUDA can't be opened, so that only the CPU is used: ",
                       printable(reason != nullptr ? reason : library.string())}));
}

}  // namespace

bool has_cuda() {
  static const bool has = [] {
    open_cuda_library();
    return at::Context::hasCUDART();
  }();
  return has;
}

int cuda_devices() { return has_cuda() ? static_cast<int>(at::detail::getCUDAHooks().deviceCount()) : 0; }

}  // namespace zimage
