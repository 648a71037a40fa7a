#include "nn/kernels/cuda_executor.h"

#include <c10/core/Stream.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "nn/kernels/cuda_compiler.h"
#include "nn/kernels/cuda_driver.h"
#include "nn/kernels/cuda_launch.h"
#include "zimage/error.h"

namespace zimage::nn::kernels {
namespace {

constexpr std::size_t kElements = 3;

/// Returns the compiler of this process, or null with the reason.
const CudaCompiler* compiler(std::string* reason = nullptr) {
  struct Opened {
    std::string reason;
    std::unique_ptr<CudaCompiler> compiler;
  };
  static const Opened& opened = *new Opened([] {
    Opened result;
    result.compiler = CudaCompiler::open(result.reason);
    return result;
  }());
  if (reason != nullptr) *reason = opened.reason;
  return opened.compiler.get();
}

class CudaExecutor final : public Executor {
 public:
  explicit CudaExecutor(CudaParts parts)
      : parts_(std::move(parts)),
        context_(parts_.driver.primary_context(parts_.device)),
        target_(parts_.compiler.target_for(parts_.driver.capability(parts_.device))) {}

  void run(const Launch& launch) override {
    TORCH_CHECK(static_cast<i64>(launch.args_bytes) == info_of(launch.kernel).args_bytes,
                "a kernel's arguments are those of ", info_of(launch.kernel).name);
    const CudaGrid grid = cuda_grid(launch);
    if (grid.blocks == 0) return;
    const CudaDriver::ContextScope scope(parts_.driver, context_);
    void* function = function_of(launch.kernel, launch.element);
    i64 rows = launch.rows;
    // The driver copies the arguments before it returns.
    std::array<void*, 2> arguments = {const_cast<void*>(launch.args), &rows};
    parts_.driver.launch(function, grid, parts_.stream(), arguments.data());
  }

 private:
  /// The kernels for one element.
  struct Module {
    std::array<void*, kKernelCount> functions{};
    std::optional<Error> failure;  ///< kept, so that they aren't compiled again and again
    bool tried = false;
  };

  void* function_of(KernelId kernel, ElementId element) {
    const std::lock_guard lock(mutex_);
    Module& module = modules_.at(static_cast<std::size_t>(element));
    if (!module.tried) load(module, element);
    module.tried = true;
    if (module.failure) throw Error(*module.failure);
    return module.functions.at(static_cast<std::size_t>(kernel));
  }

  void load(Module& module, ElementId element) {
    try {
      void* loaded = parts_.driver.load_module(image_of(element).data());
      for (const KernelInfo& info : kKernels) {
        module.functions.at(static_cast<std::size_t>(info.id)) =
            parts_.driver.function(loaded, entry_name(info.id, element).c_str());
      }
    } catch (const Error& e) {
      if (e.fatal() || e.code() == ErrorCode::kMemory) throw;
      module.failure = e;
    }
  }

  /// Returns the kernels for an element as the device takes them, from the cache if they are there.
  std::vector<std::uint8_t> image_of(ElementId element) const {
    const std::string name = concat({target_.name(), "-", element_suffix(element)});
    const std::string key = parts_.compiler.key(element, target_);
    if (auto kept = parts_.cache.find(name, key)) return *std::move(kept);
    const Stopwatch watch;
    std::vector<std::uint8_t> image = parts_.compiler.compile(element, target_).image;
    log::debug(concat({"NVRTC ", parts_.compiler.version(), " compiled the kernels for ", name, " in ",
                       std::to_string(static_cast<int>(watch.ms())), " ms"}));
    parts_.cache.keep(name, key, image);
    return image;
  }

  CudaParts parts_;
  void* context_;
  CudaTarget target_;
  std::mutex mutex_;
  std::array<Module, kElements> modules_;
};

std::unique_ptr<Executor> executor_of(const at::Device& device, std::string& reason) {
  if (!device.is_cuda() || !device.has_index()) {
    reason = "it is no CUDA device";
    return nullptr;
  }
  const CudaDriver* driver = CudaDriver::get(&reason);
  const CudaCompiler* nvrtc = driver == nullptr ? nullptr : compiler(&reason);
  if (nvrtc == nullptr) return nullptr;
  try {
    const c10::impl::VirtualGuardImpl guard(device.type());
    return make_cuda_executor({.driver = *driver,
                               .compiler = *nvrtc,
                               .cache = CubinCache(cubin_cache_folder()),
                               .device = device.index(),
                               .stream = [guard, device] { return guard.getStream(device).native_handle(); }});
  } catch (const Error& e) {
    if (e.fatal() || e.code() == ErrorCode::kMemory) throw;
    reason = e.message();
    return nullptr;
  }
}

}  // namespace

std::unique_ptr<Executor> make_cuda_executor(CudaParts parts) {
  return std::make_unique<CudaExecutor>(std::move(parts));
}

Executor* cuda_executor(const at::Device& device, std::string* reason) {
  struct Made {
    std::string reason;
    std::unique_ptr<Executor> executor;
  };
  static std::mutex mutex;
  // Never destroyed: CUDA may be gone by then.
  static auto& made = *new std::map<c10::DeviceIndex, Made>;
  const std::lock_guard lock(mutex);
  auto found = made.find(device.index());
  if (found == made.end()) {
    Made result;
    result.executor = executor_of(device, result.reason);
    found = made.emplace(device.index(), std::move(result)).first;
  }
  if (reason != nullptr) *reason = found->second.reason;
  return found->second.executor.get();
}

std::string cuda_compiler_version() {
  const CudaCompiler* nvrtc = compiler();
  return nvrtc == nullptr ? "" : nvrtc->version();
}

}  // namespace zimage::nn::kernels
