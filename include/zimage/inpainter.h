// The library's front door: load a model once, inpaint pictures with it. No tensor type crosses it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "zimage/error.h"
#include "zimage/geometry.h"
#include "zimage/model_paths.h"
#include "zimage/request.h"
#include "zimage/result.h"

namespace zimage {

/// What a run tells while it goes on. Called on the thread that runs.
class Observer {
 public:
  virtual ~Observer() = default;
  /// A stage begins ("load", "encode prompt", "encode picture", "denoise", "decode", "composite").
  virtual void stage(const std::string& name) { (void)name; }
  /// Step `step` of `total` of the denoising is done.
  virtual void step(int step, int total) {
    (void)step;
    (void)total;
  }
  /// Asked between stages and steps, and before each weight that is loaded; true ends the run with
  /// ErrorCode::kInterrupted.
  virtual bool cancelled() { return false; }
};

/// What the loaded model is, for `-v` and `--json`.
struct ModelInfo {
  std::string name;                ///< folder or file name
  bool demo = false;               ///< the bundled demo model (model_index.json says so)
  bool random_weights = false;     ///< its weights are random (model_index.json says so)
  std::string device;              ///< "cpu", "cuda:0"
  std::string dtype;               ///< "fp32", "bf16", "fp16"
  double native_megapixels = 1.0;  ///< the area the model is at home at (model_index.json, else 1)
  int dit_layers = 0;
  int dit_dim = 0;
  std::int64_t parameters = 0;
  std::string controlnet;                    ///< its version ("1", "2.0", "2.1", "2.1-lite"); empty: none
  double control_scale = 0.0;                ///< the ControlNet's own scale, with a controlnet
  std::string control_scale_reason;          ///< why it is that
  std::vector<std::filesystem::path> files;  ///< every file that was read
};

/// A loaded model. What runs belongs to one thread; info(), max_side(), plan() and can_share() may be called on others
/// meanwhile. Errors: Error with kModel (files), kInput (a picture too large for the model), kMemory, kInterrupted,
/// kRuntime.
class Inpainter {
 public:
  /// Finds the files and reads their headers: every missing, unexpected or mis-shaped tensor is reported here.
  /// No weight is read before `load()` or `run()`.
  Inpainter(const ModelPaths& paths, const ComputeOptions& compute);
  ~Inpainter();
  Inpainter(Inpainter&&) noexcept;
  Inpainter& operator=(Inpainter&&) noexcept;

  const ModelInfo& info() const;
  /// The largest side in pixels the model's position tables allow, and the granularity of its working size (16).
  int max_side() const;

  /// Decides what a run of the request does: strategy, regions, noise levels, and where the result may differ.
  /// Errors: kUsage for a strategy that the ControlNet, or the lack of one, rules out, and for a v1 ControlNet without
  /// a control image; kModel for the ControlNet strategy with a v1 file, which knows nothing of inpainting; kInput for
  /// a mask that doesn't fit and a picture beyond the model's reach.
  Work plan(const Request& request) const;

  /// Does what runs with these prompts need and no picture has a part in: encodes the prompts and loads the weights but
  /// a ControlNet's. Gives milliseconds by stage, as Result::timings; a run that follows counts what it does itself.
  std::map<std::string, double> prepare(const std::vector<std::string>& prompts, Observer& observer);

  /// Inpaints one picture. Loads the weights on first use.
  Result run(const Work& work, Observer& observer);

  /// Whether two pictures can go through the DiT together: one region each, of the same working size, prompts that fill
  /// as many tokens, and the same sampling.
  bool can_share(const Work& a, const Work& b) const;

  /// Inpaints pictures of which every two can share. Matrix products of another shape may round differently, so the
  /// bytes can depend on who is together.
  std::vector<Result> run_together(const std::vector<Work>& works, Observer& observer);

  /// Says which prompts (negative ones too, where guidance uses them) pictures to come have, in their order and as
  /// often as pictures have them. Each of these is encoded once, and kept until release_prompt() was called as often;
  /// where the text encoder doesn't stay in memory, it is loaded once for all. In all 1 GiB of embeddings is kept, some
  /// 3,500 prompts. Prompts that nobody expects are kept while there is room. On any thread.
  void expect_prompts(const std::vector<std::string>& prompts);
  /// Says that a picture whose prompt was expected is done. On any thread.
  void release_prompt(const std::string& prompt);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The model's folder, when neither `--model` nor $ZIMAGE_MODEL says: models/demo beside the executable's tree
/// (`../share/zimage-inpaint/models/demo`, from the package's lib/zimage-inpaint/bin two folders further up, or
/// `../models/demo` in a source tree). Empty if there is none.
std::filesystem::path bundled_model();

/// σ levels of a run, rounded to fp32 as the latents are; the last is 0. Where one is above the one before it, RePaint
/// resampling jumps back; every other step is a forward.
/// Errors: kUsage for steps < 1, shift <= 0, strength outside (0, 1].
std::vector<double> plan_sigmas(const Sampling& sampling);
/// Forwards of the DiT that those levels take.
int count_forwards(const std::vector<double>& sigmas);

}  // namespace zimage
