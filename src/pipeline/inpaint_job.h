// One run's state, passed from stage to stage of the pipeline.
#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "inpaint/repaint.h"
#include "models/controlnet.h"
#include "models/dit.h"
#include "nn/finite.h"
#include "pipeline/inpaint.h"
#include "pipeline/step_progress.h"
#include "sampling/noise.h"
#include "zimage/error.h"

namespace zimage {

/// Errors: kInterrupted if the observer has cancelled the run.
inline void require_not_cancelled(Observer& observer) {
  if (observer.cancelled()) throw Error(ErrorCode::kInterrupted, "interrupted");
}

/// The state of one picture's run.
struct InpaintPipeline::Job {
  Job(const Work& work_, Observer& observer_, at::Device device_) : work(work_), observer(observer_), device(device_) {}

  const Request& request() const { return work.request; }
  const Sampling& sampling() const { return work.request.sampling; }

  /// Ends the current stage, checks whether the run was cancelled, and begins the next stage. Errors: kInterrupted.
  void begin(const std::string& stage) {
    end();
    check_cancelled();
    name = stage;
    observer.stage(stage);
    started = Clock::now();
  }
  void end() {
    if (!name.empty()) {
      // A device may still be at work on the stage, which would count as the next one's time.
      wait_for(device);
      result.timings[name] += std::chrono::duration<double, std::milli>(Clock::now() - started).count();
    }
    name.clear();
  }
  void check_cancelled() { require_not_cancelled(observer); }

  /// Returns the part of the model that `get` returns. If it isn't `there` yet, loading it is a stage, of its own or
  /// with the part before it.
  template <class Get>
  decltype(auto) load(bool there, Get get) {
    result.timings.try_emplace("load", 0.0);
    if (!there && name != "load") begin("load");
    return get();
  }

  const Work& work;
  Observer& observer;
  at::Device device;  ///< on which the model computes
  std::string name;
  using Clock = std::chrono::steady_clock;
  Clock::time_point started;
  WorkingRegion region;
  at::Tensor pixels;                            ///< the region's, at its working size, [1, 3, h, w]
  at::Tensor mask;                              ///< the region's, at its working size, [1, 1, h, w]
  at::Tensor positive_embeds, negative_embeds;  ///< the encoded prompts; the latter only with guidance
  at::Tensor control_latents;                   ///< the ControlNet's input; undefined: none
  int steps_done = 0;                           ///< denoising steps over all regions
  DiTContext positive;
  DiTContext negative;   ///< only with guidance
  bool refined = false;  ///< `positive` and `negative` are the region's
  RepaintBlend blend;
  std::optional<NoiseSource> noise;    ///< draws the blend's noise, then the jumps'
  std::optional<LatentColors> colors;  ///< for previews; empty: nobody looks
  ControlContext control;              ///< tokens undefined: no ControlNet, or its scale is 0
  Result result;
};

/// The tensors of jobs that share their forwards, stacked along the first dimension.
struct InpaintPipeline::Stack {
  /// Moves the latents, masks and noise to the device on which the steps are computed.
  Stack(const std::vector<Job*>& jobs_, at::Device device_);
  Job& first() const { return *jobs.front(); }
  /// Draws the next noise from every job's own generator, [N, 16, h, w]: on the CPU, as a seed means the same on every
  /// device, and moves it.
  at::Tensor draw_noise() const;
  /// Checks denoised latents. In card mode that is only noted, as asking would make the device wait at each step.
  void check(const at::Tensor& denoised);
  /// Errors: kModel if any latents that were checked weren't finite.
  void require_checked() const;
  /// Returns whether the latents' kept part is put back after each step. A ControlNet that inpaints has blended them
  /// itself: overwriting them would leave stripes.
  bool holds() const { return first().work.strategy.strategy == Strategy::kRepaint; }
  /// Returns how many steps the run has, over all regions.
  int steps_in_all() const { return first().work.forwards * static_cast<int>(first().work.regions.size()); }

  std::vector<Job*> jobs;
  DiTContext positive;
  DiTContext negative;
  RepaintBlend blend;
  ControlContext control;
  at::Device device;
  DiTSteps steps;
  ControlModulations control_modulations;
  nn::FiniteFlag finite;  ///< of the latents after each step, in card mode
};

/// Shows a run's steps to its observer, if that wants previews.
class InpaintPipeline::Previews {
 public:
  explicit Previews(const Stack& stack);
  /// Shows a step by what the denoiser makes of its latents. Waits for the device.
  void show(const at::Tensor& denoised);

 private:
  const Stack& stack_;
  int step_;
};

/// Returns the size of the largest region; the pictures go through the DiT together.
WorkSize largest_work(std::span<const Work> works);

/// Returns the error that says that `what` aren't finite numbers; `when` may end the sentence.
Error not_finite(const char* what, const char* when = "");
/// Errors: kModel if `values` aren't all finite; the message names them as `what`.
void require_finite(const at::Tensor& values, const char* what);

}  // namespace zimage
