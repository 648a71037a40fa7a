// What tests set in the fake CUDA library (fake_cuda.cpp) and read from it.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace zimage::test {

/// What cuLaunchKernel was given.
struct FakeLaunch {
  const char* kernel;
  unsigned blocks, lanes, groups, shared_bytes;
  void* stream;
  const void* args;
  long long rows;
};

struct FakeCuda {
  std::function<void(const FakeLaunch&)> launch = [](const FakeLaunch&) {};
  int capability = 90;
  std::vector<int> archs = {75, 80, 90};
  std::string failing;  ///< the function that fails …
  int failure = 999;    ///< … with this number
  std::string log;      ///< NVRTC's
  int compilations = 0;
  int modules = 0;
  int context = 0;              ///< its address is the device's context
  std::vector<void*> contexts;  ///< the thread's current one is the last
};

}  // namespace zimage::test
