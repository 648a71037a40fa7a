// Compares each of the program's own kernels with ATen's operations on a CUDA device.
#include <ATen/ATen.h>
#include <c10/core/Stream.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "nn/kernels/cuda_executor.h"
#include "nn/kernels/cuda_kernels.h"
#include "nn/kernels/cuda_launch.h"
#include "nn/kernels/kernel_ops.h"
#include "nn/kernels/self_check.h"
#include "nn/ops.h"
#include "support/catch.h"

namespace zimage::nn::kernels {
namespace {

const at::Device kDevice(at::kCUDA, 0);

Executor& executor() {
  at::globalContext().lazyInitDevice(at::kCUDA);
  std::string reason;
  Executor* executor = cuda_executor(kDevice, &reason);
  INFO(reason);
  REQUIRE(executor != nullptr);
  return *executor;
}

TEST_CASE("every kernel on CUDA agrees with ATen in every element") {
  for (const ElementId element : {ElementId::kFloat, ElementId::kBf16, ElementId::kHalf}) {
    for (const CheckedOperation& operation : checked_operations()) {
      CAPTURE(operation.name, element_suffix(element));
      CHECK(check_operation(executor(), kDevice, operation, element).empty());
    }
  }
}

TEST_CASE("a kernel on CUDA and on the CPU makes the same bits") {
  const at::Tensor x = at::randn({1, 70, 3840}), weight = at::randn({3840}), scale = at::randn({1, 1, 3840});
  for (const auto dtype : {at::kFloat, at::kBFloat16, at::kHalf}) {
    const auto on = [&](const at::Device& device, Executor& where) {
      const auto moved = [&](const at::Tensor& t) { return t.to(dtype).to(device); };
      return norm(where, moved(x), moved(weight), 1e-5, moved(scale)).cpu();
    };
    CHECK(at::equal(on(kDevice, executor()), on(at::kCPU, cpu_executor())));
  }
}

TEST_CASE("kernels run on the current stream, after what was begun there") {
  const c10::impl::VirtualGuardImpl guard(at::kCUDA);
  const c10::StreamGuard other(guard.getStreamFromGlobalPool(kDevice));
  const auto options = at::TensorOptions(at::kBFloat16).device(kDevice);
  const at::Tensor weight = at::ones({1024}, options), gate = at::ones({1, 1, 1024}, options);
  const at::Tensor large = at::randn({4096, 4096}, options);
  for (int i = 0; i < 20; ++i) {
    // The product takes a while; a kernel on another stream would read x before it is there.
    const at::Tensor x = large.mm(large).view({1, -1, 1024});
    const at::Tensor expected = twin::rms_norm(x, weight, 1e-5);
    CHECK((norm(executor(), x, weight, 1e-5, gate) - expected).abs().max().item<float>() <= 0.0625F);
  }
}

TEST_CASE("doctor's report of the kernels has no failure") {
  const KernelReport report = check_cuda_kernels(kDevice);
  CHECK(report.absent.empty());
  CHECK(report.checked == 3 * static_cast<int>(checked_operations().size()));
  CHECK(report.agree == report.checked);
  CHECK(report.failures.empty());
}

}  // namespace
}  // namespace zimage::nn::kernels
