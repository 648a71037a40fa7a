// The report of a job, however it is printed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/golden/golden.h"
#include "zimage/error.h"
#include "zimage/geometry.h"
#include "zimage/inpainter.h"

namespace zimage::app {

/// One job's report. It is filled in as the job goes on, so that a failure reports what is known by then.
struct JobReport {
  /// "ok", "skipped", "planned", "preview" (what would be repainted is drawn), "mismatch" (--golden), "error".
  std::string status = "error";
  std::optional<std::filesystem::path> output;                        ///< empty path: stdout
  nlohmann::ordered_json options = nlohmann::ordered_json::object();  ///< reported_options(): image, mask, prompt, …
  std::optional<std::uint64_t> seed;
  std::optional<std::string> strategy;
  std::string strategy_reason;
  std::optional<double> control_scale;  ///< with a ControlNet
  std::optional<double> guidance_scale;
  std::optional<int> forwards;         ///< noise levels that the DiT runs at
  std::optional<int> guided_forwards;  ///< those at which guidance makes it run twice
  std::vector<double> sigmas;
  int width = 0;
  int height = 0;
  std::vector<WorkingRegion> regions;
  std::optional<MemorySummary> memory;        ///< what the run takes, by the plan
  std::optional<std::size_t> changed_pixels;  ///< these three only if somebody wants the figures
  std::optional<int> max_change_outside_mask;
  std::optional<double> mean_change_outside_mask;  ///< if a lossy file was encoded whole or rotated
  std::map<std::string, double> timings_ms;
  std::optional<GoldenResult> golden;  ///< with --golden
  std::optional<ModelInfo> model;
  std::string model_path;
  std::optional<Error> error;
};

/// Receives the reports of a run, in order.
class Reporter {
 public:
  virtual ~Reporter() = default;
  /// Returns whether somebody wants to know how a result differs from its source, which takes decoding it again.
  virtual bool wants_figures() const = 0;
  /// Reports one job (with --num-images: one picture) that is done, skipped, planned or has failed.
  /// Errors: kRuntime if the report can't be written.
  virtual void job(const JobReport& report) = 0;
  /// Writes the picture itself, for `--output -`. Errors: kRuntime.
  virtual void picture(const std::vector<std::uint8_t>& png) = 0;
  /// Returns whether somebody looks at the results, for whom show() is called.
  virtual bool wants_pictures() const { return false; }
  /// Shows a result, in sRGB.
  virtual void show(const Image& /*picture*/) {}
};

}  // namespace zimage::app
