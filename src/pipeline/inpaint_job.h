// One run's state, handed from stage to stage of the pipeline.
#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
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

/// Errors: kInterrupted.
inline void require_not_cancelled(Observer& observer) {
  if (observer.cancelled()) throw Error(ErrorCode::kInterrupted, "interrupted");
}

struct InpaintPipeline::Job {
  Job(const Work& work_, Observer& observer_) : work(work_), observer(observer_) {}

  const Request& request() const { return work.request; }
  const Sampling& sampling() const { return work.request.sampling; }

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

  /// A part of the model, as `get` gives it; it is loaded as a stage of its own where it isn't `there` yet.
  template <class Get>
  decltype(auto) load(bool there, Get get) {
    result.timings.try_emplace("load", 0.0);
    if (!there) begin("load");
    return get();
  }

  const Work& work;
  Observer& observer;
  std::string name;
  using Clock = std::chrono::steady_clock;
  Clock::time_point started;
  WorkingRegion region;
  at::Tensor pixels;   ///< of the region, at its working size, [1, 3, h, w]
  at::Tensor mask;     ///< the same, [1, 1, h, w]
  int steps_done = 0;  ///< over all regions
  DiTContext positive;
  DiTContext negative;  ///< only with guidance
  RepaintBlend blend;
  std::optional<NoiseSource> noise;  ///< gave the blend's noise, and goes on for the jumps
  ControlContext control;            ///< tokens undefined: no ControlNet, or its scale is 0
  Result result;
};

/// What jobs that share their forwards look like to the model: their tensors stacked along the first dimension.
struct InpaintPipeline::Stack {
  explicit Stack(const std::vector<Job*>& jobs_);
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

}  // namespace zimage
