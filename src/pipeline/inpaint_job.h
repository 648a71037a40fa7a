// One run's state, handed from stage to stage of the pipeline.
#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "inpaint/repaint.h"
#include "models/controlnet.h"
#include "models/dit.h"
#include "pipeline/inpaint.h"
#include "sampling/noise.h"
#include "zimage/error.h"

namespace zimage {

/// What the result is pasted into, made while the model works.
struct Canvas {
  Image picture;  ///< a copy of the request's, as much of it as is wanted; empty without composite
  Mask effective_mask;
};

/// Errors: kInterrupted.
inline void require_not_cancelled(Observer& observer) {
  if (observer.cancelled()) throw Error(ErrorCode::kInterrupted, "interrupted");
}

struct InpaintPipeline::Job {
  Job(const SeededRequest& seeded, Observer& observer_)
      : request(*seeded.request), seed(seeded.seed), observer(observer_) {}

  /// Ends the stage before, asks whether to go on, begins the next.
  void begin(const std::string& stage) {
    end();
    check_cancelled();
    name = stage;
    observer.stage(stage);
    started = Clock::now();
  }
  void end() {
    if (!name.empty()) {
      result.timings[name] += std::chrono::duration<double, std::milli>(Clock::now() - started).count();
    }
    name.clear();
  }
  void check_cancelled() { require_not_cancelled(observer); }

  const Request& request;  ///< but for its seed
  std::uint64_t seed;
  Observer& observer;
  std::string name;
  using Clock = std::chrono::steady_clock;
  Clock::time_point started;
  WorkingRegion region;
  at::Tensor pixels;           ///< of the region, at its working size, [1, 3, h, w]
  at::Tensor mask;             ///< the same, [1, 1, h, w]
  std::vector<double> sigmas;  ///< the levels visited; one above the one before is a jump back
  int steps_done = 0;          ///< over all regions
  int steps_in_all = 0;
  DiTContext positive;
  DiTContext negative;  ///< only with guidance
  RepaintBlend blend;
  std::optional<NoiseSource> noise;  ///< gave the blend's noise, and goes on for the jumps
  StrategyChoice strategy;
  ControlContext control;      ///< tokens undefined: no ControlNet, or its scale is 0
  std::future<Canvas> canvas;  ///< not valid once it is in the result
  Result result;
};

/// What jobs that share their forwards look like to the model: their tensors stacked along the first dimension.
struct InpaintPipeline::Together {
  explicit Together(const std::vector<Job*>& jobs_);
  Job& first() const { return *jobs.front(); }
  /// The next noise of every job's own generator, [N, 16, h, w].
  at::Tensor draw_noise() const;

  std::vector<Job*> jobs;
  DiTContext positive;
  DiTContext negative;
  RepaintBlend blend;
  ControlContext control;
};

/// Errors: kModel, saying that `what` are not finite numbers.
void require_finite(const at::Tensor& values, const char* what);

/// Until the samples of the request's picture are there.
void await_image(const Request& request);

}  // namespace zimage
