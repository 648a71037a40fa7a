// What a job reports, whoever prints it.
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

/// Filled as the job goes on, so that a failure reports what is known by then.
struct JobReport {
  std::string status = "error";                 ///< "ok", "skipped", "planned", "mismatch" (--golden), "error"
  std::optional<std::filesystem::path> output;  ///< empty path: stdout
  nlohmann::ordered_json options = nlohmann::ordered_json::object();  ///< reported_options(): image, mask, prompt, …
  std::optional<std::uint64_t> seed;
  std::optional<std::string> strategy;
  std::string strategy_reason;
  std::optional<double> control_scale;  ///< with a ControlNet
  std::optional<int> forwards;          ///< noise levels that the DiT runs at
  std::vector<double> sigmas;
  int width = 0;
  int height = 0;
  std::vector<WorkingRegion> regions;
  std::optional<std::size_t> changed_pixels;  ///< these three: if somebody reads the figures
  std::optional<int> max_change_outside_mask;
  std::optional<double> mean_change_outside_mask;  ///< where a lossy file had to be encoded whole or rotated
  std::map<std::string, double> timings_ms;
  std::optional<GoldenResult> golden;  ///< with --golden
  std::optional<ModelInfo> model;
  std::string model_path;
  std::optional<Error> error;
};

/// Takes the reports of a run, in order.
class Reporter {
 public:
  virtual ~Reporter() = default;
  /// Whether somebody reads how a result differs from its source, which takes decoding it again.
  virtual bool wants_figures() const = 0;
  /// One job (with --num-images: one picture) is done, skipped or planned.
  /// Errors: kRuntime if it can't be told.
  virtual void job(const JobReport& report) = 0;
  /// The picture itself, for `--output -`. Errors: kRuntime.
  virtual void picture(const std::vector<std::uint8_t>& png) = 0;
};

}  // namespace zimage::app
