// The library's front door: load a model once, inpaint pictures with it. No tensor type crosses it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "zimage/error.h"
#include "zimage/geometry.h"
#include "zimage/image.h"
#include "zimage/memory.h"
#include "zimage/model_paths.h"
#include "zimage/request.h"
#include "zimage/result.h"

namespace zimage {

/// What a region would look like if the denoising ended with a step: rough colours without detail.
struct StepPreview {
  std::size_t picture = 0;  ///< which one of those that run together; 0 for a single one
  int step = 0;             ///< as in Observer::step()
  int total = 0;
  WorkingRegion region;
  Image image;  ///< 8-bit sRGB, one pixel for each 8×8 pixels of the region at its working size
};

/// Receives the progress of a run. Its functions are called on the thread that runs.
class Observer {
 public:
  virtual ~Observer() = default;
  /// Called when a stage begins ("load", "encode prompt", "encode picture", "denoise", "decode", "composite").
  virtual void stage(const std::string& /*name*/) {}
  /// Called while a run waits for a part of the model: so many of the `total` bytes that its files have for it are
  /// loaded. A part that is loaded by the run itself begins with 0 bytes, and this is called after each weight, which
  /// is often; of one that was loaded beside other work, the run only waits for the rest.
  virtual void loading(std::uint64_t /*bytes*/, std::uint64_t /*total*/) {}
  /// Called when denoising step `step` of `total` is done.
  virtual void step(int /*step*/, int /*total*/) {}
  /// Returns whether preview() is to be called; asked once for each region. Previews change no result. They cost a
  /// small product a step, and on a device a copy of the latents, which waits for the step.
  virtual bool wants_previews() { return false; }
  /// Called for each step, and for each picture of those that run together.
  virtual void preview(const StepPreview& /*preview*/) {}
  /// Called between stages and steps, before each weight is loaded, and while it is read. Returning true ends the run
  /// with ErrorCode::kInterrupted.
  virtual bool cancelled() { return false; }
};

/// The variants of Z-Image have the same tensors and differ in how they are sampled.
enum class Variant {
  kTurbo,   ///< distilled: few steps without guidance
  kBase,    ///< the undistilled model
  kDeTurbo  ///< Turbo with its distillation trained away, so that it needs guidance
};

/// Returns "turbo", "base" or "de-turbo".
const char* to_string(Variant variant);

/// Describes a LoRA of the model.
struct LoraInfo {
  std::filesystem::path file;
  std::filesystem::path settings{};  ///< PEFT's adapter_config.json, if it says the file's alpha
  double scale = 1.0;
  std::string kind;            ///< "LoRA", "LoKr", "LoHa", "DoRA", "differences", or several: "LoRA + differences"
  std::int64_t rank = 0;       ///< the largest of its layers; 0: they have none
  std::int64_t layers = 0;     ///< how many modules of the DiT it changes
  std::int64_t unmatched = 0;  ///< tensors that fit nothing and were left out
};

/// Describes the loaded model, for `-v` and `--json`.
struct ModelInfo {
  std::string name;             ///< folder or file name
  bool demo = false;            ///< the bundled demo model (model_index.json says so)
  bool random_weights = false;  ///< its weights are random (model_index.json says so)
  std::string device;           ///< "cpu", "cuda:0"
  std::string dtype;            ///< "fp32", "bf16", "fp16", "int8", "fp8"
  MemorySummary memory;         ///< the plan for the working size in the options
  Variant variant = Variant::kTurbo;
  std::string variant_reason;      ///< how the variant was recognised
  SamplingDefaults defaults;       ///< where a request leaves steps, shift or guidance scale open
  double native_megapixels = 1.0;  ///< the model's native area (model_index.json, else 1)
  int dit_layers = 0;
  int dit_dim = 0;
  std::int64_t parameters = 0;
  std::vector<LoraInfo> loras;               ///< in the order in which they apply
  std::string controlnet;                    ///< its version ("1", "2.0", "2.1", "2.1-lite"); empty: none
  double control_scale = 0.0;                ///< the default scale of the ControlNet, if there is one
  std::string control_scale_reason;          ///< where that default comes from
  std::vector<std::filesystem::path> files;  ///< every file that was read
};

/// A loaded model. Only one thread at a time may run it; info(), max_side(), plan() and can_share() may be called on
/// others meanwhile. Errors: Error with kModel (files), kInput (a picture too large for the model), kMemory,
/// kInterrupted, kRuntime.
class Inpainter {
 public:
  /// Finds the files and reads their headers: every missing, unexpected or mis-shaped tensor is reported here.
  /// No weight is read before prepare() or run().
  Inpainter(const ModelPaths& paths, const ComputeOptions& compute);
  ~Inpainter();
  Inpainter(Inpainter&&) noexcept;
  Inpainter& operator=(Inpainter&&) noexcept;

  const ModelInfo& info() const;
  /// Returns the longest side, in pixels, that the model's position tables allow.
  int max_side() const;

  /// Errors: kMemory if work of the size in the options doesn't fit into memory; the hint says what would.
  void require_memory() const;

  /// Decides what a run of the request does: strategy, regions, noise levels, and where the result may differ. The
  /// request in the Work has every setting of its sampling filled in.
  /// Errors: kUsage for a strategy that the ControlNet, or the lack of one, rules out, and for a v1 ControlNet without
  /// a control image; kMemory for a run that doesn't fit into memory; kModel for the ControlNet strategy with a v1
  /// file, which wasn't trained to inpaint; kInput for a mask of another size than the picture, and for a picture that
  /// is too large for the model.
  Work plan(const Request& request) const;

  /// Does the part of a run that needs no picture: encodes the prompts, and loads all weights but the ControlNet's. On
  /// a device the DiT may still be on its way when this returns; it is loaded beside other work, and a run waits for
  /// it. Returns milliseconds by stage, as in Result::timings; a later run counts only what it does itself.
  std::map<std::string, double> prepare(const std::vector<std::string>& prompts, Observer& observer);

  /// Inpaints one picture. Loads the weights on first use.
  Result run(const Work& work, Observer& observer);

  /// Returns whether two pictures can go through the DiT together: each has one region, and their working sizes, the
  /// token counts of their prompts and their sampling are the same.
  bool can_share(const Work& a, const Work& b) const;

  /// Inpaints pictures for which can_share() holds pairwise. Matrix products of another shape may round differently, so
  /// the bytes can depend on which pictures are together.
  std::vector<Result> run_together(const std::vector<Work>& works, Observer& observer);

  /// Announces the prompts of pictures to come (negative ones too, where guidance uses them), in order, once for each
  /// picture. Each is encoded once, and kept until release_prompt() has been called as often as it was announced; a
  /// text encoder that doesn't stay in memory is loaded once for all of them. Up to 1 GiB of embeddings is kept, some
  /// 3,500 prompts. Prompts that weren't announced are kept while there is room. May be called on any thread.
  void expect_prompts(const std::vector<std::string>& prompts);
  /// Reports that a picture whose prompt was announced is done. May be called on any thread.
  void release_prompt(const std::string& prompt);

 private:
  friend struct InpainterAccess;  // the program's own
  struct Impl;
  explicit Inpainter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Returns the folder of the demo model, which is used when neither `--model` nor $ZIMAGE_MODEL names one. It is looked
/// for from the executable's folder: `../share/zimage-inpaint/models/demo`, two folders further up from the package's
/// lib/zimage-inpaint/bin, or `../models/demo` in a source tree. Empty if there is none.
std::filesystem::path bundled_model();

/// Returns the file of Qwen3's tokenizer that comes with the program, for text encoders that come without one. It is
/// looked for in `share/zimage-inpaint/tokenizer` and `data/tokenizer` from the same places. Empty if it isn't there.
std::filesystem::path bundled_tokenizer();

/// Returns the noise levels σ of a run, rounded to fp32 as the latents are; the last is 0. Where one is above the one
/// before it, RePaint resampling jumps back; every other step is a forward.
/// Errors: kUsage for steps or a shift that are left open (see Sampling::resolved()), steps < 1, shift <= 0, strength
/// outside (0, 1], or too many steps in all.
std::vector<double> plan_sigmas(const Sampling& sampling);
/// Returns how many forwards of the DiT those levels take.
int count_forwards(const std::vector<double>& sigmas);
/// Returns at how many of those forwards guidance makes a second one.
int count_guided_forwards(const Sampling& sampling, const std::vector<double>& sigmas);

}  // namespace zimage
