#include "pipeline/residency/model_store.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <malloc.h>

#include <algorithm>
#include <type_traits>

#include "base/text.h"
#include "nn/card_mode.h"
#include "nn/fp8/fp8_product.h"
#include "nn/int8/int8_product.h"
#include "pipeline/residency/cuda_settings.h"
#include "pipeline/residency/dtype_choice.h"
#include "pipeline/residency/memory_state.h"
#include "zimage/error.h"

namespace zimage {
namespace {

constexpr std::size_t kNamesInMessage = 20;

/// Returns what the plan may count on.
MemoryTerms memory_terms(const Compute& compute, const ModelInfo& info) {
  const ComputeOptions& options = compute.options;
  const MemoryState memory = look_at_memory(compute.device);
  MemoryTerms terms;
  terms.machine = {memory.host, memory.device};
  terms.free = memory.free;
  terms.max_memory = options.max_memory;
  terms.offload = options.offload;
  terms.megapixels = options.megapixels > 0.0 ? options.megapixels : info.native_megapixels;
  return terms;
}

bool same_place(const nn::Placement& a, const nn::Placement& b, std::int64_t layers) {
  return a.packed == b.packed && a.int8 == b.int8 && a.fp8 == b.fp8 && a.as_stored == b.as_stored &&
         std::min(a.resident_layers, layers) == std::min(b.resident_layers, layers);
}

/// While it lives, every large block of memory is mapped on its own, so that it goes back to the system when it is
/// freed. Otherwise the C library cuts blocks of up to 32 MB out of its heap, where the copies that loading makes leave
/// holes: with an F32 file in bf16 they grew to 2 GB.
class SeparateBlocks {
 public:
  SeparateBlocks() { set(kLoading); }
  ~SeparateBlocks() { set(kOtherwise); }
  SeparateBlocks(const SeparateBlocks&) = delete;
  SeparateBlocks& operator=(const SeparateBlocks&) = delete;

 private:
  static constexpr int kLoading = 1 << 20;
  static constexpr int kOtherwise = 32 << 20;  // where the C library's own, growing threshold ends
  static void set(int threshold) {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, threshold);
    mallopt(M_TRIM_THRESHOLD, 2 * kOtherwise);  // setting either ends the growth of both
#else
    static_cast<void>(threshold);
#endif
  }
};

}  // namespace

ModelStore::ModelStore(const ModelPaths& paths, const Compute& compute)
    : ModelStore(open_model(open_files(paths), paths), compute) {}

ModelStore::ModelStore(OpenedModel model, const Compute& compute) : model_(std::move(model)) {
  const DtypeChoice dtype = choose_dtype(
      compute.options.dtype, {.cpu = compute.device.is_cpu(),
                              .native_bf16 = processor_has_bf16(),
                              .int8 = nn::int8_available(),
                              .fp8 = compute.options.dtype == "fp8" && nn::fp8_available(compute.device),
                              .dit_values = count_numbers(part_weights(*model_.dit.source, model_.dit.asked, ""))});
  placement_.device = compute.device;
  placement_.dtype = dtype.dtype;
  model_.info.device = compute.device_name;
  model_.info.dtype = dtype.name;
  planner_ = MemoryPlanner(model_, dtype.dtype, dtype.bulk, memory_terms(compute, model_.info));
  follow(planner_.nominal_plan());
  model_.info.memory = plan_.summary;
  model_.info.memory.dtype_reason = dtype.reason;
}

MemorySummary ModelStore::memory_for(const WorkSize& size) const {
  MemoryPlan plan = planner_.plan(size);
  planner_.require_fits(plan, size);
  plan.summary.dtype_reason = model_.info.memory.dtype_reason;
  return std::move(plan.summary);
}

void ModelStore::place_for(const WorkSize& size) {
  const MemoryPlan plan = planner_.plan(size);
  planner_.require_fits(plan, size);
  if (!has_dit() && !dit_is_coming()) planner_.require_free(plan, size);
  follow(plan);
}

void ModelStore::follow(const MemoryPlan& plan) {
  const nn::Placement old_text_encoder = text_encoder_placement_;
  const nn::Placement old_dit = dit_placement_;
  const nn::Placement old_controlnet = controlnet_placement_;
  plan_ = plan;
  text_encoder_placement_ = placement_;
  text_encoder_placement_.resident_layers = plan.text_encoder_layers;
  dit_placement_ = placement_;
  dit_placement_.int8 = plan.holding == Holding::kInt8;
  dit_placement_.fp8 = plan.holding == Holding::kFp8;
  dit_placement_.as_stored = plan.holding == Holding::kStored;
  dit_placement_.packed =
      plan.holding == Holding::kConverted && placement_.device.is_cpu() && nn::packing_available(placement_.dtype);
  controlnet_placement_ = dit_placement_;
  dit_placement_.resident_layers = plan.dit_layers;
  controlnet_placement_.resident_layers = plan.controlnet_layers;
  if (!same_place(old_text_encoder, text_encoder_placement_, model_.text_encoder_config.num_hidden_layers)) {
    text_encoder_.reset();
  }
  if (!same_place(old_dit, dit_placement_, model_.dit_config.n_layers)) {
    dit_ahead_.stop();
    dit_.reset();
  }
  if (!same_place(old_controlnet, controlnet_placement_, model_.dit_config.n_layers)) controlnet_.reset();
}

/// Loads a part. Errors: kModel for weights that aren't finite. Names and shapes were checked before.
template <class Part, class... Configs>
Part ModelStore::load(const PartHeaders& part, const nn::Placement& placement, const LoadingWatch& watch,
                      const Configs&... configs) const {
  const SeparateBlocks blocks;
  const WeightSource& source = *part.source;
  nn::WeightLoader loader(source, placement, nn::WeightLoader::Mode::kLoad);
  loader.check_before_each(watch.check);
  loader.report_to(watch.report);
  loader.plan_by([&](nn::WeightLoader& plan) { Part::load(plan, configs...); });
  if constexpr (std::is_same_v<Part, DiT>) loader.change_by(model_.loras);
  Part loaded = Part::load(loader, configs...);
  const auto problems = loader.problems();
  if (!problems.empty()) {
    throw Error(ErrorCode::kModel, source.description() + ": " + problems.summary(kNamesInMessage),
                "the file is damaged: download it again");
  }
  return loaded;
}

const TextEncoder& ModelStore::text_encoder() {
  if (!text_encoder_) {
    if (!plan_.text_encoder_beside_dit) release_denoisers();
    if (dit_is_coming()) dit();  // one load at a time
    text_encoder_ = load<TextEncoder>(model_.text_encoder, text_encoder_placement_, watch_, model_.text_encoder_config);
  }
  return *text_encoder_;
}

const DiT& ModelStore::dit() {
  if (dit_is_coming()) dit_ = dit_ahead_.take(watch_);
  if (!dit_) dit_ = load<DiT>(model_.dit, dit_placement_, watch_, model_.dit_config);
  return *dit_;
}

bool ModelStore::may_load_dit_ahead() const {
  return nn::in_card_mode(placement_.device) && plan_.keep_dit && !has_dit() && !dit_is_coming() &&
         (!has_text_encoder() || plan_.dit_beside_prompt);
}

void ModelStore::load_dit_ahead() {
  const bool inference = c10::InferenceMode::is_enabled();
  // It uploads on the device's one working stream, where everything else is begun as well. So what is begun after
  // dit() comes after the uploads, and no memory changes hands between streams. The copies are short enough that the
  // encoder's kernels hardly wait for them.
  dit_ahead_.begin([this, inference, placement = dit_placement_](const LoadingWatch& watch) {
    const c10::InferenceMode guard(inference);
    return load<DiT>(model_.dit, placement, watch, model_.dit_config);
  });
}

const VAE& ModelStore::vae() {
  if (!vae_) vae_ = load<VAE>(model_.vae, placement_, watch_, model_.vae_config);
  return *vae_;
}

const ControlNet& ModelStore::controlnet() {
  if (!controlnet_) {
    controlnet_ =
        load<ControlNet>(model_.controlnet, controlnet_placement_, watch_, model_.controlnet_config, model_.dit_config);
  }
  return *controlnet_;
}

void ModelStore::finish_text_encoder() {
  if (text_encoder_is_leaving()) {
    text_encoder_.reset();
    release_cached_memory(placement_.device);
  }
  // Quantised weights are used where their file is mapped, so its pages are in memory. The system keeps a copy of them
  // for the next prompt as long as it has room.
  const WeightSource& source = *model_.text_encoder.source;
  for (const std::string& name : source.names()) source.release(name);
}

std::int64_t ModelStore::vae_strip_rows(std::int64_t height, std::int64_t width) const {
  return plan_.vae_strips ? strip_rows(model_.vae_config, {width, height}, placement_.dtype) : 0;
}

void ModelStore::rest() const {
  if (dit_) dit_->rest();
  if (controlnet_) controlnet_->rest();
}

void ModelStore::begin_vae_work() {
  if (!plan_.keep_dit) release_denoisers();
}

void ModelStore::release_denoisers() {
  dit_ahead_.stop();
  if (!has_dit() && !has_loaded_controlnet()) return;
  for (const PartHeaders* part : {&model_.dit, &model_.controlnet}) {
    for (const auto& [name, shape] : part->asked) part->source->release(name);
  }
  dit_.reset();
  controlnet_.reset();
  release_cached_memory(placement_.device);
}

}  // namespace zimage
