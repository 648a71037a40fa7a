// Runs the tests that need a CUDA device; without one it says so and counts as skipped (77).
#include <ATen/ATen.h>
#include <ATen/detail/CUDAHooksInterface.h>

#include <cstdio>

#ifdef ZIMAGE_CATCH2_V3
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

int main(int argc, char* argv[]) {
  if (!at::hasCUDA() || at::detail::getCUDAHooks().deviceCount() == 0) {
    std::puts("skipped: there is no CUDA device that this build can use");
    return 77;
  }
  return Catch::Session().run(argc, argv);
}
