// `bench`: times the stages of a run on this machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/options/settings.h"
#include "app/report/progress.h"
#include "app/tools/spread.h"
#include "pipeline/residency/machine.h"
#include "pipeline/tools/bench.h"
#include "zimage/inpainter.h"

namespace zimage::app {

struct PictureSize {
  int width = 0;
  int height = 0;
};

struct BenchJob {
  ModelPaths model{};
  ComputeOptions compute{};
  std::string random_shape{};  ///< empty: the model's own weights
  std::vector<PictureSize> sizes{};
  int steps = 4;
  int warmup = 1;  ///< runs that aren't timed
  int repeat = 3;
};

/// A stage of a run, or several together.
struct BenchStage {
  std::string name;
  std::vector<double> times{};  ///< milliseconds
  double operations = 0.0;      ///< 0: they aren't counted

  Spread spread() const { return spread_of(times); }
  /// Returns 10⁹ operations a second, at the median; 0 if they aren't counted.
  double gflops() const;
};

/// Counted work, which is the same on every machine.
struct BenchCounts {
  int forwards = 0;
  double operations = 0.0;                 ///< of a whole run, 2 for a multiply-add
  std::uint64_t allocations_per_step = 0;  ///< in the last step of the first run
  std::uint64_t operators_per_step = 0;    ///< likewise
  std::uint64_t bytes_loaded = 0;          ///< of weights, by the first run
};

struct BenchSize {
  PictureSize size{};
  RunWork work{};
  std::vector<BenchStage> stages{};  ///< in the order of a run; then what several are together
  GemmCeiling ceiling{};
  BenchCounts counts{};
  MemorySummary memory{};  ///< what the plan expected
  double peak_memory_mb = 0.0;
  std::uint64_t device_peak_bytes = 0;  ///< 0: on the CPU
};

struct BenchReport {
  Machine machine{};
  ChosenCompute compute{};
  ModelInfo model{};
  std::vector<BenchSize> sizes{};
};

/// Returns what the options ask for. Errors: kUsage, kModel if there is no model.
BenchJob bench_job(const Settings& settings);

/// Runs each size `warmup` + `repeat` times, and opens the model anew for each. Errors: those of Inpainter;
/// kInterrupted if the progress says so.
BenchReport run_bench(const BenchJob& job, Progress& progress);

}  // namespace zimage::app
