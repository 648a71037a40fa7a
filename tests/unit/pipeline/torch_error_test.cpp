// Which of libtorch's errors are a lack of memory, and which say that the device is lost.
#include "pipeline/torch_error.h"

#include <c10/util/Exception.h>

#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "image/mask.h"
#include "support/catch.h"
#include "support/files.h"
#include "zimage/inpainter.h"

namespace zimage {
namespace {

const c10::SourceLocation kHere{"function", "file.cpp", 1};

template <class Thrown>
Error translated(const Thrown& thrown, Activity activity = Activity::kPicture, const std::string& dtype = "bf16") {
  const auto error = test::error_of([&] {
    try {
      throw thrown;
    } catch (...) {
      rethrow_as_error(activity, dtype);
    }
  });
  REQUIRE(error);
  CHECK(error->message().find('\n') == std::string::npos);
  return *error;
}

Error cuda_error(std::int32_t code) {
  return translated(c10::AcceleratorError(kHere, code, "CUDA error: some words\nSearch for `cudaErrorSome'"));
}

TEST_CASE("all that a lack of memory looks like is an error of memory") {
  const std::vector<std::string> signs = {
      "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried 9 bytes",
      "DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes.",
      "CUDA out of memory. Tried to allocate 20.00 MiB.",
      "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
      "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
      "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
      "cuDNN error: CUDNN_STATUS_NOT_INITIALIZED",
      "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR\nException raised from run_conv_plan"};
  for (const std::string& sign : signs) {
    CAPTURE(sign);
    CHECK(translated(c10::Error(kHere, sign)).code() == ErrorCode::kMemory);
  }
  CHECK(translated(c10::OutOfMemoryError(kHere, "CUDA out of memory.")).code() == ErrorCode::kMemory);
  CHECK(translated(std::bad_alloc()).code() == ErrorCode::kMemory);
  CHECK(cuda_error(2).code() == ErrorCode::kMemory);
  // What may have another cause is named.
  CHECK(translated(c10::Error(kHere, signs.back())).message().find("CUDNN_STATUS_INTERNAL_ERROR") != std::string::npos);
}

TEST_CASE("other errors of libtorch are none of memory, and end nothing but their own work") {
  for (const char* text : {"mat1 and mat2 shapes cannot be multiplied\nmore", "CUBLAS_STATUS_EXECUTION_FAILED"}) {
    const Error error = translated(c10::Error(kHere, text));
    CHECK(error.code() == ErrorCode::kRuntime);
    CHECK(error.message().starts_with("libtorch: "));
    CHECK_FALSE(error.fatal());
  }
}

TEST_CASE("an error that CUDA repeats until the process ends is fatal, and others are not") {
  for (const std::int32_t code : {214, 220, 226, 700, 702, 710, 714, 715, 716, 717, 718, 719, 721, 810, 911, 999}) {
    CAPTURE(code);
    const Error error = cuda_error(code);
    CHECK(error.fatal());
    CHECK(error.code() == ErrorCode::kRuntime);
    CHECK(error.message().find("CUDA error: some words") != std::string::npos);
  }
  // An invalid value, an invalid launch, no kernel image, and an unsupported call leave the device as it was.
  for (const std::int32_t code : {1, 2, 9, 98, 209, 701, 801}) {
    CAPTURE(code);
    CHECK_FALSE(cuda_error(code).fatal());
  }
}

TEST_CASE("a build without kernels for the GPU is told from a failure of its work") {
  const Error error = cuda_error(209);
  CHECK(error.code() == ErrorCode::kUsage);
  CHECK(error.hint().find("--device cpu") != std::string::npos);
}

TEST_CASE("what isn't libtorch's passes through as it is") {
  const Error own = translated(Error(ErrorCode::kInput, "own", "hint").as_fatal());
  CHECK(own.code() == ErrorCode::kInput);
  CHECK(own.message() == "own");
  CHECK(own.fatal());
  CHECK_THROWS_AS(translated(std::out_of_range("else")), std::out_of_range);
}

TEST_CASE("where memory runs out decides what is advised") {
  const auto hint = [](Activity activity, const char* dtype) { return memory_error(activity, dtype).hint(); };
  const auto says = [](const std::string& hint, const char* word) { return hint.find(word) != std::string::npos; };
  CHECK(says(hint(Activity::kLoading, "bf16"), "quantised"));
  CHECK(says(hint(Activity::kLoading, "bf16"), "--offload"));
  CHECK_FALSE(says(hint(Activity::kLoading, "bf16"), "--megapixels"));
  CHECK(says(hint(Activity::kPicture, "bf16"), "--megapixels"));
  CHECK(says(hint(Activity::kPicture, "bf16"), "--offload"));
  // bf16 is no advice to somebody who has it.
  CHECK_FALSE(says(hint(Activity::kPicture, "bf16"), "--dtype"));
  CHECK(says(hint(Activity::kPicture, "fp32"), "--dtype bf16"));
  CHECK(says(hint(Activity::kLoading, "fp32"), "--dtype bf16"));
}

/// Throws when a stage of this name begins, or at the first step if it is "step".
template <class Thrown>
struct Breaking final : Observer {
  Breaking(std::string where_, Thrown thrown_) : where(std::move(where_)), thrown(std::move(thrown_)) {}
  void stage(const std::string& name) override {
    if (name == where) throw thrown;
  }
  void step(int, int) override {
    if (where == "step") throw thrown;
  }
  std::string where;
  Thrown thrown;
};

template <class Thrown>
std::optional<Error> error_of_run(const std::string& where, Thrown thrown) {
  ModelPaths paths;
  paths.model = std::string(ZIMAGE_SOURCE_DIR) + "/tests/fixtures/models/a";
  Inpainter inpainter(paths, {"cpu", "fp32", 0});
  Mask mask(32, 32);
  for (std::size_t i = 0; i < mask.repaint.size() / 2; ++i) mask.repaint[i] = 1;
  Request request;
  request.picture = std::make_shared<const PixelSource>(PixelSource{test::noise_image(32, 32, 3, 8), {}});
  request.mask = std::make_shared<const Mask>(mask);
  request.prompt = "a red fox";
  request.sampling.steps = 1;
  Breaking<Thrown> observer(where, std::move(thrown));
  return test::error_of([&] { inpainter.run(inpainter.plan(request), observer); });
}

TEST_CASE("an inpainter knows whether it was loading when memory ran out") {
  const c10::OutOfMemoryError full(kHere, "CUDA out of memory.");
  CHECK(error_of_run("load", full)->message() == memory_error(Activity::kLoading, "fp32").message());
  CHECK(error_of_run("step", full)->message() == memory_error(Activity::kPicture, "fp32").message());
  CHECK(error_of_run("decode", full)->hint() == memory_error(Activity::kPicture, "fp32").hint());
  CHECK_FALSE(error_of_run("nowhere", full));
}

TEST_CASE("an inpainter whose device is lost says so") {
  CHECK(error_of_run("step", c10::AcceleratorError(kHere, 700, "CUDA error: an illegal memory access"))->fatal());
}

}  // namespace
}  // namespace zimage
