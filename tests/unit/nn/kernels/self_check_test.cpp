// The self-check runs here with the CPU's executor in the place of a device's, and with executors that do wrong.
#include "nn/kernels/self_check.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <utility>

#include "base/log.h"
#include "support/catch.h"
#include "support/files.h"

namespace zimage::nn::kernels {
namespace {

constexpr ElementId kElements[] = {ElementId::kFloat, ElementId::kBf16, ElementId::kHalf};

/// Does with each launch what `run` says.
class Fake final : public Executor {
 public:
  explicit Fake(std::function<void(const Launch&)> run) : run_(std::move(run)) {}
  void run(const Launch& launch) override {
    ran.insert(launch.kernel);
    run_(launch);
  }
  std::set<KernelId> ran;

 private:
  std::function<void(const Launch&)> run_;
};

/// Returns an executor that leaves the last row of one kernel out.
Fake leaving_out(KernelId kernel) {
  return Fake([kernel](Launch launch) {
    if (launch.kernel == kernel) --launch.rows;
    cpu_executor().run(launch);
  });
}

/// Returns the lines that are logged meanwhile.
std::string logged(const std::function<void()>& action) {
  const test::TemporaryFolder folder;
  log::configure({.level = log::Level::kOff, .color = false, .file = folder / "log"});
  action();
  log::configure({});
  const test::Bytes bytes = test::read(folder / "log");
  return {bytes.begin(), bytes.end()};
}

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST_CASE("the self-check goes through every kernel, and each is in one operation") {
  std::set<KernelId> all;
  for (const CheckedOperation& operation : checked_operations()) {
    Fake counting([](const Launch& launch) { cpu_executor().run(launch); });
    CAPTURE(operation.name);
    CHECK(check_operation(counting, at::kCPU, operation, ElementId::kBf16).empty());
    const bool all_ran = counting.ran == std::set<KernelId>(operation.kernels.begin(), operation.kernels.end());
    CHECK(all_ran);
    for (const KernelId kernel : operation.kernels) CHECK(all.insert(kernel).second);
  }
  CHECK(all.size() == static_cast<std::size_t>(kKernelCount));
}

TEST_CASE("the CPU's executor passes the self-check in every element") {
  for (const ElementId element : kElements) {
    CheckedKernels kernels(cpu_executor(), at::kCPU);
    const std::string log = logged([&] {
      for (const KernelInfo& info : kKernels) CHECK(kernels.find(info.id, element) == &cpu_executor());
    });
    CHECK(log == "");
  }
}

TEST_CASE("a kernel that does wrong isn't used, with one warning, and all others are") {
  for (const CheckedOperation& wrong : checked_operations()) {
    for (const KernelId kernel : wrong.kernels) {
      CAPTURE(info_of(kernel).name);
      Fake executor = leaving_out(kernel);
      CheckedKernels kernels(executor, at::kCPU);
      const std::string log = logged([&] {
        for (const CheckedOperation& operation : checked_operations()) {
          for (const KernelId id : operation.kernels) {
            CHECK((kernels.find(id, ElementId::kBf16) == nullptr) == (operation.name == wrong.name));
          }
        }
      });
      CHECK(lines_of(log) == 1);
      CHECK(log.find("own kernel " + wrong.name + " in bf16 isn't used on cpu: ") != std::string::npos);
      const auto failures = kernels.failures(ElementId::kBf16);
      REQUIRE(failures.size() == 1);
      CHECK(failures.front().operation == wrong.name);
      CHECK(failures.front().what.find("differ from libtorch's") != std::string::npos);
    }
  }
}

TEST_CASE("each element is checked by itself, and once") {
  int launches = 0;
  Fake executor([&](const Launch& launch) {
    ++launches;
    if (launch.kernel == KernelId::kNorm && launch.element == ElementId::kHalf)
      throw Error(ErrorCode::kRuntime, "it burns");
    cpu_executor().run(launch);
  });
  CheckedKernels kernels(executor, at::kCPU);
  const std::string log = logged([&] {
    CHECK(kernels.find(KernelId::kNorm, ElementId::kFloat) == &executor);
    CHECK(kernels.find(KernelId::kNorm, ElementId::kHalf) == nullptr);
    CHECK(kernels.find(KernelId::kSwiglu, ElementId::kHalf) == &executor);
    const int before = launches;
    CHECK(kernels.find(KernelId::kNorm, ElementId::kFloat) == &executor);
    CHECK(kernels.find(KernelId::kNorm, ElementId::kHalf) == nullptr);
    CHECK(launches == before);
  });
  CHECK(lines_of(log) == 1);
  CHECK(log.find("own kernel norm in f16 isn't used on cpu: it burns;") != std::string::npos);
}

TEST_CASE("only what is used is checked, and a reason that all share is told once") {
  int launches = 0;
  Fake executor([&](const Launch& launch) {
    ++launches;
    CHECK(launch.kernel == KernelId::kSwiglu);
    cpu_executor().run(launch);
  });
  CheckedKernels kernels(executor, at::kCPU);
  CHECK(kernels.find(KernelId::kSwiglu, ElementId::kBf16) == &executor);
  CHECK(launches > 0);

  Fake broken([](const Launch&) { throw Error(ErrorCode::kRuntime, "NVRTC doesn't compile"); });
  CheckedKernels none(broken, at::kCPU);
  const std::string log = logged([&] {
    for (const KernelInfo& info : kKernels) CHECK(none.find(info.id, ElementId::kBf16) == nullptr);
  });
  CHECK(lines_of(log) == 1);
  CHECK(none.failures(ElementId::kBf16).size() == checked_operations().size());
}

TEST_CASE("a lost device and a lack of memory are no fault of a kernel") {
  for (const Error& thrown : {Error(ErrorCode::kMemory, "full"), Error(ErrorCode::kRuntime, "lost").as_fatal()}) {
    bool fail = true;
    Fake executor([&](const Launch& launch) {
      if (fail) throw Error(thrown);
      cpu_executor().run(launch);
    });
    CheckedKernels kernels(executor, at::kCPU);
    const auto error = test::error_of([&] { kernels.find(KernelId::kNorm, ElementId::kBf16); });
    REQUIRE(error);
    CHECK(error->message() == thrown.message());
    CHECK(error->fatal() == thrown.fatal());
    fail = false;
    CHECK(kernels.find(KernelId::kNorm, ElementId::kBf16) == &executor);
  }
}

TEST_CASE("the self-check draws other numbers each time and leaves libtorch's generator alone") {
  at::manual_seed(7);
  const at::Tensor expected = at::rand({3});
  at::manual_seed(7);
  std::set<float> firsts;
  const auto check = [&] {
    bool first = true;
    Fake executor([&](const Launch& launch) {
      if (std::exchange(first, false))
        firsts.insert(*static_cast<const float*>(static_cast<const NormArgs*>(launch.args)->x));
      cpu_executor().run(launch);
    });
    CHECK(check_operation(executor, at::kCPU, checked_operations().front(), ElementId::kFloat).empty());
  };
  for (int i = 0; i < 5; ++i) check();
  CHECK(firsts.size() == 5);
  CHECK(at::equal(at::rand({3}), expected));
}

}  // namespace
}  // namespace zimage::nn::kernels
