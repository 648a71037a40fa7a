// Runs the executor of CUDA devices on a library that only looks like CUDA: its kernels are those of the CPU. So all is
// tested but the device itself: what is compiled, kept, loaded and launched, with which arguments, and what fails.
#include "nn/kernels/cuda_executor.h"

#include <dlfcn.h>

#include <string>

#include "nn/kernels/cuda_compiler.h"
#include "nn/kernels/cuda_driver.h"
#include "nn/kernels/cuda_launch.h"
#include "nn/kernels/self_check.h"
#include "support/catch.h"
#include "support/fake_cuda.h"
#include "support/files.h"

namespace zimage::nn::kernels {
namespace {

int stream_address = 0;

/// The fake library, put back as it was, with a driver and a compiler on it.
class Cuda {
 public:
  Cuda() : fake(*reinterpret_cast<test::FakeCuda* (*)()>(dlsym(library(), "fake_cuda"))()) {
    fake = test::FakeCuda();
    driver = CudaDriver::open(reason, ZIMAGE_FAKE_CUDA);
    compiler = CudaCompiler::open(reason, ZIMAGE_FAKE_CUDA);
    REQUIRE(driver != nullptr);
    REQUIRE(compiler != nullptr);
  }
  ~Cuda() { fake = test::FakeCuda(); }

  std::unique_ptr<Executor> executor(const std::filesystem::path& cache = {}) const {
    return make_cuda_executor(
        {*driver, *compiler, CubinCache(cache), 0, [] { return static_cast<void*>(&stream_address); }});
  }

  test::FakeCuda& fake;
  std::string reason;
  std::unique_ptr<const CudaDriver> driver;
  std::unique_ptr<CudaCompiler> compiler;

 private:
  static void* library() {
    static void* const handle = dlopen(ZIMAGE_FAKE_CUDA, RTLD_NOW | RTLD_LOCAL);
    REQUIRE(handle != nullptr);
    return handle;
  }
};

/// Runs on the CPU what the library was asked to launch.
void run_on_cpu_too(const test::FakeLaunch& launch) {
  for (const KernelInfo& info : kKernels) {
    for (const ElementId element : {ElementId::kFloat, ElementId::kBf16, ElementId::kHalf}) {
      if (entry_name(info.id, element) != launch.kernel) continue;
      Launch again{.kernel = info.id, .element = element, .rows = launch.rows, .width = 1, .args = launch.args};
      again.args_bytes = static_cast<std::size_t>(info.args_bytes);
      run_on_cpu(again, launch.lanes);
      return;
    }
  }
  FAIL("there is no kernel " << launch.kernel);
}

Launch norm_launch(const NormArgs& args, i64 rows) {
  return launch_of(KernelId::kNorm, ElementId::kBf16, rows, 3840, args);
}

TEST_CASE("through CUDA's functions, every kernel passes the self-check") {
  Cuda cuda;
  cuda.fake.launch = run_on_cpu_too;
  const auto executor = cuda.executor();
  CheckedKernels kernels(*executor, at::kCPU);
  for (const ElementId element : {ElementId::kFloat, ElementId::kBf16, ElementId::kHalf}) {
    for (const auto& failure : kernels.failures(element)) FAIL_CHECK(failure.operation << ": " << failure.what);
  }
  CHECK(cuda.fake.compilations == 3);
  CHECK(cuda.fake.modules == 3);
  CHECK(cuda.fake.contexts.empty());
}

TEST_CASE("a launch gets the grid, the stream, a copy of the arguments and the rows") {
  Cuda cuda;
  const auto executor = cuda.executor();
  int launches = 0;
  cuda.fake.launch = [&](const test::FakeLaunch& launch) {
    ++launches;
    CHECK(std::string(launch.kernel) == "zimage_norm_bf16");
    CHECK(launch.blocks == 7);
    CHECK(launch.lanes == 256);
    CHECK(launch.groups == 1);
    CHECK(launch.shared_bytes == 2048);
    CHECK(launch.stream == &stream_address);
    CHECK(static_cast<const NormArgs*>(launch.args)->dim == 3840);
    CHECK(launch.rows == 7);
    CHECK(cuda.fake.contexts == std::vector<void*>{&cuda.fake.context});
  };
  NormArgs args{};
  args.dim = 3840;
  executor->run(norm_launch(args, 7));
  executor->run(norm_launch(args, 0));
  CHECK(launches == 1);
  // Where libtorch's context is current already, it stays so.
  cuda.fake.contexts = {&cuda.fake.context};
  executor->run(norm_launch(args, 7));
  CHECK(launches == 2);
  CHECK(cuda.fake.contexts.size() == 1);
}

TEST_CASE("kernels are compiled once, for the device, and found again by the next process") {
  const test::TemporaryFolder folder;
  Cuda cuda;
  NormArgs args{};
  args.dim = 3840;
  for (int i = 0; i < 2; ++i) {
    const auto executor = cuda.executor(folder.path());
    executor->run(norm_launch(args, 7));
    executor->run(norm_launch(args, 7));
    CHECK(cuda.fake.modules == i + 1);
  }
  CHECK(cuda.fake.compilations == 1);
  REQUIRE(folder.names().size() == 1);
  CHECK(folder.names().front().starts_with("sm_90-bf16-"));
  // Another device needs another code.
  cuda.fake.capability = 80;
  cuda.executor(folder.path())->run(norm_launch(args, 7));
  CHECK(cuda.fake.compilations == 2);
  CHECK(folder.names().size() == 2);
}

TEST_CASE("NVRTC gets the sources, the element and the architecture") {
  Cuda cuda;
  const CudaCompiler::Code code = cuda.compiler->compile(ElementId::kHalf, {90, false});
  const std::string text(code.image.begin(), code.image.end());
  CHECK(text.starts_with("image\n--gpu-architecture=sm_90\n--std=c++17\n--fmad=false\n--device-"));
  CHECK(text.find("-DZIMAGE_ELEMENT=Half\n-DZIMAGE_SUFFIX=f16\n") != std::string::npos);
  CHECK(text.find("nn/kernels/bodies.h") != std::string::npos);
  CHECK(text.find("struct CudaGroup") != std::string::npos);
  CHECK(cuda.compiler->version() == "13.1");
  CHECK(cuda.compiler->compile(ElementId::kHalf, {90, true}).image.back() == 0);
  CHECK(cuda.compiler->key(ElementId::kHalf, {90, false}) != cuda.compiler->key(ElementId::kBf16, {90, false}));
  CHECK(cuda.compiler->key(ElementId::kHalf, {90, false}) != cuda.compiler->key(ElementId::kHalf, {90, true}));
}

TEST_CASE("a device that is newer than NVRTC gets PTX of the newest that it knows") {
  const Cuda cuda;
  const auto name = [&](int capability) { return cuda.compiler->target_for(capability).name(); };
  CHECK(name(90) == "sm_90");
  CHECK(name(80) == "sm_80");
  CHECK(name(86) == "compute_80");
  CHECK(name(120) == "compute_90");
  const auto error = test::error_of([&] { cuda.compiler->target_for(70); });
  REQUIRE(error);
  CHECK(error->message() == "NVRTC 13.1 compiles nothing for sm_70");
}

TEST_CASE("a compilation that fails is told with its first error, and isn't tried again") {
  Cuda cuda;
  cuda.fake.failing = "nvrtcCompileProgram";
  cuda.fake.log = "a.h(1): warning: unused\na.h(7): error: expected a ;\nmore";
  const auto executor = cuda.executor();
  for (int i = 0; i < 2; ++i) {
    const auto error = test::error_of([&] { executor->run(norm_launch({}, 1)); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kRuntime);
    CHECK(error->message() == "NVRTC 13.1 doesn't compile the kernels for sm_90: a.h(7): error: expected a ;");
  }
  CHECK(cuda.fake.compilations == 1);
}

TEST_CASE("what the driver says is an error of the right kind") {
  Cuda cuda;
  const auto executor = cuda.executor();
  executor->run(norm_launch({}, 1));
  cuda.fake.failing = "cuLaunchKernel";
  const auto error_of = [&](int number) {
    cuda.fake.failure = number;
    const auto error = test::error_of([&] { executor->run(norm_launch({}, 1)); });
    REQUIRE(error);
    CHECK(cuda.fake.contexts.empty());
    return *error;
  };
  CHECK(error_of(2).code() == ErrorCode::kMemory);
  CHECK(error_of(701).code() == ErrorCode::kRuntime);
  CHECK_FALSE(error_of(701).fatal());
  CHECK(error_of(700).fatal());
  CHECK(error_of(700).message() == "a kernel can't start: a planted error (CUDA error 700)");
}

TEST_CASE("a driver that can't begin, or isn't there, is a reason to go without") {
  Cuda cuda;
  cuda.fake.failing = "cuInit";
  cuda.fake.failure = 100;
  CHECK(CudaDriver::open(cuda.reason, ZIMAGE_FAKE_CUDA) == nullptr);
  CHECK(cuda.reason == "NVIDIA's driver can't begin: a planted error (CUDA error 100)");
  CHECK(CudaDriver::open(cuda.reason, "/nowhere/libcuda.so.1") == nullptr);
  CHECK(cuda.reason == "NVIDIA's driver (/nowhere/libcuda.so.1) isn't there");
  CHECK(cuda.driver->cuda_version() == "13.1");
  CHECK(cuda.driver->device_name(0) == "Fake Card");
  CHECK(cuda.driver->capability(0) == 90);
  CHECK(test::error_of([&] { cuda.driver->capability(1); })->message().find("CUDA error 101") != std::string::npos);
  std::string reason;
  CHECK(cuda_executor(at::kCPU, &reason) == nullptr);
  CHECK(reason == "it is no CUDA device");
}

}  // namespace
}  // namespace zimage::nn::kernels
