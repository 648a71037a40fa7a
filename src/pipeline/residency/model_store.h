// The model's parts: loaded when first needed, released when the memory plan says so.
// This is the one place that decides who holds weights, and when.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "models/controlnet.h"
#include "models/dit.h"
#include "models/text_encoder.h"
#include "models/vae.h"
#include "nn/placement.h"
#include "pipeline/residency/compute.h"
#include "pipeline/residency/loading_ahead.h"
#include "pipeline/residency/memory_planner.h"
#include "pipeline/residency/opened_model.h"

namespace zimage {

class ModelStore {
 public:
  /// Opens the model, chooses its dtype and plans its memory. No weight is read. Errors: those of open_model(), and
  /// kUsage for a dtype that the device doesn't have.
  ModelStore(const ModelPaths& paths, const Compute& compute);
  ModelStore(OpenedModel model, const Compute& compute);

  const ModelInfo& info() const { return model_.info; }
  /// Returns the device on which the models compute.
  at::Device device() const { return placement_.device; }
  const DiTConfig& dit_config() const { return model_.dit_config; }
  const TextEncoderConfig& text_encoder_config() const { return model_.text_encoder_config; }
  const VAEConfig& vae_config() const { return model_.vae_config; }
  const Tokenizer& tokenizer() const { return *model_.tokenizer; }
  bool has_controlnet() const { return model_.has_controlnet(); }
  const ControlNetConfig& controlnet_config() const { return model_.controlnet_config; }

  /// Returns what work of this size takes. Errors: kMemory if it doesn't fit; the hint says what would.
  MemorySummary memory_for(const WorkSize& size) const;
  /// Returns whether the work that is usual for the model fits, and fits into what is free.
  bool fits_usually() const {
    const MemoryPlan plan = planner_.nominal_plan();
    return plan.summary.fits && planner_.is_free(plan);
  }
  /// Errors: kMemory if it doesn't fit.
  void require_usual_memory() const { planner_.require_fits(planner_.nominal_plan(), planner_.nominal_size()); }
  /// Places the weights for work of this size. Parts that are to be held in another way are dropped, and loaded anew
  /// when they are next needed. Errors: kMemory if it doesn't fit, or not into what is free.
  void place_for(const WorkSize& size);

  /// Calls `check` before each weight that is read from now on, and while that takes long. If it throws, the part that
  /// is being loaded is dropped, and the next use loads it anew. Empty: there is no check.
  void check_while_loading(std::function<void()> check) { watch_.check = std::move(check); }

  /// Calls `report` while a part is loaded, with the bytes of its files that are loaded and those in all. Empty: nobody
  /// is told.
  void report_loading(std::function<void(std::uint64_t bytes, std::uint64_t total)> report) {
    watch_.report = std::move(report);
  }

  /// Each part is loaded on first use. Errors: kModel for weights that aren't finite; kMemory.
  const TextEncoder& text_encoder();
  const DiT& dit();
  const VAE& vae();
  /// Requires has_controlnet().
  const ControlNet& controlnet();
  /// Each returns whether the part is loaded.
  bool has_text_encoder() const { return text_encoder_.has_value(); }
  bool has_dit() const { return dit_.has_value(); }
  bool has_vae() const { return vae_.has_value(); }
  bool has_loaded_controlnet() const { return controlnet_.has_value(); }

  /// Returns whether the DiT isn't there and may be loaded while something else computes: on a device, whose work takes
  /// nothing that loading needs, and where the plan has both in memory. On the CPU they would compete for its cores.
  bool may_load_dit_ahead() const;
  /// Begins to load the DiT on a thread of its own; dit() waits for it. may_load_dit_ahead() must hold. No other part
  /// is loaded meanwhile, because two at a time would take twice the memory for staging: load the VAE before.
  void load_dit_ahead();
  /// Returns whether that was begun and dit() wasn't called yet.
  bool dit_is_coming() const { return dit_ahead_.begun(); }
  /// Ends that load, if there is one, and drops what it made.
  void stop_loading_ahead() { dit_ahead_.stop(); }

  /// Releases the text encoder once the prompt is encoded, unless it stays. Its mapped pages leave memory in any case;
  /// the system keeps a copy of them while it has room.
  void finish_text_encoder();
  bool keeps_text_encoder() const { return plan_.keep_text_encoder; }
  /// Returns whether the text encoder is loaded and finish_text_encoder() will release it.
  bool text_encoder_is_leaving() const { return text_encoder_.has_value() && !plan_.keep_text_encoder; }
  /// Lets go of layers that don't stay, because no forward comes for a while.
  void rest() const;
  /// Makes room for the VAE's work: releases the DiT and the ControlNet, unless they stay.
  void begin_vae_work();
  bool keeps_dit() const { return plan_.keep_dit; }
  /// Returns how high the strips are in which the VAE works on a picture of so many pixels; 0: it works on it whole.
  std::int64_t vae_strip_rows(std::int64_t height, std::int64_t width) const;

 private:
  void follow(const MemoryPlan& plan);
  void release_denoisers();
  template <class Part, class... Configs>
  Part load(const PartHeaders& part, const nn::Placement& placement, const LoadingWatch& watch,
            const Configs&... configs) const;

  OpenedModel model_;
  nn::Placement placement_;  ///< the VAE's
  nn::Placement text_encoder_placement_, dit_placement_, controlnet_placement_;
  MemoryPlanner planner_;
  MemoryPlan plan_;
  std::optional<TextEncoder> text_encoder_;
  std::optional<DiT> dit_;
  std::optional<VAE> vae_;
  std::optional<ControlNet> controlnet_;
  LoadingWatch watch_;
  LoadingAhead<DiT> dit_ahead_;  ///< it goes first, as it loads from `model_`
};

}  // namespace zimage
