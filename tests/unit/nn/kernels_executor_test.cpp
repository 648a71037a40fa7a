// Who runs the portable kernels, and what they refuse.
#include <ATen/ATen.h>

#include <map>
#include <set>
#include <string>

#include "nn/kernels/kernel_ops.h"
#include "nn/kernels/rows.h"
#include "nn/ops.h"
#include "support/catch.h"
#include "support/kernel_checks.h"

namespace zimage::nn {
namespace {

using kernels::KernelId;

TEST_CASE("the table of kernels names each once, in the order of its ids", "[kernels]") {
  std::set<std::string> names;
  for (kernels::i64 i = 0; i < kernels::kKernelCount; ++i) {
    CHECK(static_cast<kernels::i64>(kernels::kKernels[i].id) == i);
    CHECK(names.insert(kernels::kKernels[i].name).second);
    CHECK(kernels::kKernels[i].args_bytes > 0);
  }
  CHECK(names.size() == 25);
}

TEST_CASE("a group has as many lanes as its row's width asks for", "[kernels]") {
  CHECK(kernels::lanes_for(KernelId::kNorm, 1) == 32);
  CHECK(kernels::lanes_for(KernelId::kNormRope, 128) == 32);
  CHECK(kernels::lanes_for(KernelId::kNorm, 3840) == 256);
  CHECK(kernels::lanes_for(KernelId::kSwiglu, 10240) == 1024);
  CHECK(kernels::lanes_for(KernelId::kGroupNormApply, 512) == 128);
  CHECK(kernels::lanes_for(KernelId::kGroupNormAffine, 1 << 20) == 1024);
}

TEST_CASE("portable kernels run on the CPU only while they are switched on", "[kernels]") {
  const at::Tensor x = at::randn({2, 3, 16}), weight = at::randn({16});
  CHECK(kernels::executor_for(x, KernelId::kNorm) == nullptr);
  test::CountingLanes executor;
  {
    const kernels::ScopedPortableKernels portable(executor);
    CHECK(kernels::executor_for(x, KernelId::kNorm) == &executor);
    CHECK(kernels::executor_for(x.to(at::kDouble), KernelId::kNorm) == nullptr);
    rms_norm(x, weight, 1e-5);
    modulated_rms_norm(x, weight, 1e-5, weight.view({1, 1, 16}));
    add_gated_norm_(x.clone(), x, weight, 1e-5, {});
    modulated_layer_norm(x, 1e-5, weight.view({1, 1, 16}));
    swiglu_(x.clone(), x);
    norm_rope_(x.clone().view({2, 3, 2, 8}), at::randn({8}), 1e-5, at::randn({3, 4, 2}));
  }
  CHECK(kernels::executor_for(x, KernelId::kNorm) == nullptr);
  const std::map<std::string, int> expected{
      {"norm", 2}, {"norm_rope", 1}, {"swiglu", 1}, {"layer_norm", 1}, {"add_gated_norm", 1}};
  CHECK(executor.launches == expected);
}

/// Checks that a call throws an error whose message has this text.
template <class Call>
void check_refused(const std::string& text, Call call) {
  try {
    call();
    FAIL_CHECK("nothing was refused, but: " << text);
  } catch (const c10::Error& error) {
    INFO(error.what_without_backtrace());
    CHECK(std::string(error.what_without_backtrace()).find(text) != std::string::npos);
  }
}

TEST_CASE("portable kernels refuse tensors that don't go together", "[kernels]") {
  kernels::Executor& executor = kernels::cpu_executor();
  const at::Tensor x = at::randn({1, 3, 16}), weight = at::randn({16}), map = at::randn({1, 8, 3, 3});
  const at::Tensor apart = at::randn({16, 3, 4}).permute({2, 1, 0}).narrow(0, 0, 1);
  const std::string vectors = "must be vectors of a row's length";
  check_refused(vectors, [&] { kernels::norm(executor, x, at::randn({8}), 1e-5, {}); });
  check_refused(vectors, [&] { kernels::norm(executor, x, weight.to(at::kBFloat16), 1e-5, {}); });
  check_refused(vectors, [&] { kernels::norm(executor, x, weight, 1e-5, at::randn({2, 1, 16})); });
  check_refused("one shape", [&] { kernels::add_gated_norm_(executor, x, at::randn({1, 4, 16}), weight, 1e-5, {}); });
  check_refused("lie equally far apart", [&] { kernels::swiglu(executor, x, x, apart); });
  check_refused("channels-last", [&] { kernels::group_norm(executor, map, 4, at::ones({8}), at::ones({8}), 1, true); });
}

TEST_CASE("the CPU's executor refuses launches that can't be meant", "[kernels]") {
  const kernels::NormArgs args{};
  const auto launch = kernels::launch_of(KernelId::kSwiglu, kernels::ElementId::kFloat, 1, 1, args);
  check_refused("power of two", [&] { kernels::run_on_cpu(launch, 48); });
  check_refused("power of two", [&] { kernels::run_on_cpu(launch, 2048); });
  check_refused("swiglu takes other arguments", [&] { kernels::run_on_cpu(launch, 32); });
}

TEST_CASE("portable kernels take nothing of no rows", "[kernels]") {
  test::CountingLanes executor;
  const at::Tensor none = at::empty({0, 16});
  CHECK(kernels::norm(executor, none, at::ones({16}), 1e-5, {}).sizes() == none.sizes());
  CHECK(kernels::swiglu(executor, at::empty({3, 0}), at::empty({3, 0})).numel() == 0);
  CHECK(executor.launches.empty());
}

TEST_CASE("a tensor's rows lie as far apart as its strides say", "[kernels]") {
  const at::Tensor x = at::empty({2, 3, 8});
  CHECK(kernels::rows_of(x).count == 6);
  CHECK(kernels::rows_of(x).stride == 8);
  CHECK(kernels::has_rows(x.narrow(2, 2, 4)));
  CHECK(kernels::rows_of(x.narrow(2, 2, 4)).stride == 8);
  CHECK_FALSE(kernels::has_rows(x.narrow(1, 0, 2)));
  CHECK(kernels::rows_of(x.narrow(1, 0, 2)).stride == 8);  // a copy's
  CHECK(kernels::has_rows(x.narrow(1, 0, 1)));
  CHECK(kernels::rows_of(x.narrow(1, 0, 1)).stride == 24);
  CHECK_FALSE(kernels::has_rows(x.transpose(1, 2)));
  CHECK(kernels::has_heads(at::empty({1, 3, 30}).narrow(2, 0, 10).unflatten(-1, {2, 5})));
  CHECK(kernels::has_heads(at::empty({2, 3, 30}).narrow(2, 0, 10).unflatten(-1, {2, 5})));
  CHECK_FALSE(kernels::has_heads(at::empty({2, 3, 2, 5}).narrow(1, 0, 2)));
  CHECK_FALSE(kernels::has_heads(at::empty({1, 3, 2, 5}).transpose(2, 3)));
}

}  // namespace
}  // namespace zimage::nn
