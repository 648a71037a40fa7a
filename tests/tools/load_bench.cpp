// Our side of bench/loading.py: loads the DiT of one file once, and prints what that took as a line of JSON.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "models/dit.h"
#include "nn/weight_loader.h"
#include "weights/open_weights.h"
#include "zimage/error.h"

namespace {

using zimage::nn::WeightLoader;

rusage usage() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

zimage::nn::Placement placement(int argc, char** argv) {
  zimage::nn::Placement placement;
  for (int i = 2; i < argc; ++i) {
    if (std::strcmp(argv[i], "bf16") == 0) placement.dtype = at::kBFloat16;
    if (std::strcmp(argv[i], "packed") == 0) placement.packed = true;
  }
  return placement;
}

void measure(const char* path, const zimage::nn::Placement& placement) {
  const auto source = zimage::open_part(std::filesystem::path(path), zimage::Part::kDiT).weights;
  const auto config = zimage::DiTConfig::detect(*source, {});
  const rusage before = usage();
  const auto start = std::chrono::steady_clock::now();
  WeightLoader loader(*source, placement, WeightLoader::Mode::kLoad);
#ifndef ZIMAGE_NO_READ_AHEAD
  loader.plan_by([&](WeightLoader& plan) { zimage::DiT::load(plan, config); });
#endif
  const zimage::DiT dit = zimage::DiT::load(loader, config);
  const auto problems = loader.problems();
  if (!problems.empty()) throw zimage::Error(zimage::ErrorCode::kModel, problems.summary(5));
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  const rusage after = usage();
  std::printf("{\"seconds\": %.4f, \"read\": %ld, \"peak\": %ld, \"user\": %.3f, \"system\": %.3f, \"faults\": %ld}\n",
              elapsed.count(), (after.ru_inblock - before.ru_inblock) * 512, after.ru_maxrss * 1024,
              seconds(after.ru_utime) - seconds(before.ru_utime), seconds(after.ru_stime) - seconds(before.ru_stime),
              after.ru_minflt - before.ru_minflt);
}

}  // namespace

int main(int argc, char* argv[]) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: load_bench FILE [bf16] [packed]\n");
    return 2;
  }
  const c10::InferenceMode guard;
  try {
    measure(argv[1], placement(argc, argv));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
  return 0;
}
