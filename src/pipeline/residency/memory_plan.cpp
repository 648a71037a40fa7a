#include "pipeline/residency/memory_plan.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"

namespace zimage {
namespace {

constexpr std::uint64_t kSpareShare = 16;
/// A streamed layer is at work while the next one is read.
constexpr std::uint64_t kSlots = 2;

/// What a part takes where it computes, and in the host's memory besides.
struct Held {
  std::uint64_t device = 0;
  std::uint64_t host = 0;
  std::uint64_t converted = 0;  ///< of `device`: copies, not pages of the mapped file
};

std::uint64_t converted_bytes(const WeightGroup& group, Holding holding, std::uint64_t dtype_bytes) {
  switch (holding) {
    case Holding::kStored: return group.values * dtype_bytes;
    case Holding::kInt8:
    case Holding::kFp8: return held_bytes(group, holding, dtype_bytes);
    case Holding::kConverted: break;
  }
  return (group.values + group.bulk_values) * dtype_bytes;
}

/// Returns what a part takes with so many resident layers.
Held held_part(const PartWeights& part, std::int64_t resident, Holding holding, std::uint64_t dtype_bytes, bool cpu) {
  const std::uint64_t fixed = held_bytes(part.fixed, holding, dtype_bytes);
  const std::uint64_t layers = held_bytes(part.layers, holding, dtype_bytes);
  const std::uint64_t converted = converted_bytes(part.fixed, holding, dtype_bytes) +
                                  (resident > 0 ? converted_bytes(part.layers, holding, dtype_bytes) : 0);
  if (resident >= part.layer_count) return {fixed + layers, 0, converted};
  const auto share = [&](std::uint64_t bytes, std::int64_t count) {
    return bytes / static_cast<std::uint64_t>(part.layer_count) * static_cast<std::uint64_t>(count);
  };
  // On the CPU a streamed layer is read where its file is mapped; for a device it waits in the host's pinned memory.
  const Holding streamed = cpu ? Holding::kStored : holding;
  const std::uint64_t slots = cpu && part.no_file
                                  ? share(held_bytes(part.layers, streamed, dtype_bytes), part.layer_count - resident)
                                  : kSlots * held_bytes(part.largest, streamed, dtype_bytes);
  const std::uint64_t waiting = cpu ? 0 : share(layers, part.layer_count - resident);
  return {fixed + share(layers, resident) + slots, waiting, converted};
}

/// Makes the summary of a plan.
class Stages {
 public:
  Stages(const MemoryNeed& need, const MachineMemory& machine, const MemoryPlan& plan)
      : need_(need), cpu_(!machine.device), plan_(plan) {}

  std::vector<StageMemory> all() const {
    const Holding plain = Holding::kConverted;
    const Held text_encoder = held(need_.text_encoder, plan_.text_encoder_layers, plain);
    const Held vae = held(need_.vae, need_.vae.layer_count, plain);
    Held denoising = held(need_.dit, plan_.dit_layers, plan_.holding);
    const Held controlnet = held(need_.controlnet, plan_.controlnet_layers, plan_.holding);
    denoising.device += controlnet.device;
    denoising.host += controlnet.host;
    denoising.converted += controlnet.converted;
    const Held kept = plan_.keep_text_encoder ? text_encoder : Held{};
    const Held beside_vae = plan_.keep_dit ? denoising : Held{};
    const StageWork& work = need_.work;
    return {stage("encode prompt", {text_encoder}, work.prompt),
            stage("encode picture", {vae, beside_vae, kept}, plan_.vae_strips ? work.encode_strips : work.encode),
            stage("denoise", {vae, denoising, kept}, work.forward),
            stage("decode", {vae, beside_vae, kept}, plan_.vae_strips ? work.decode_strips : work.decode)};
  }

  /// Returns what is there while the prompt is encoded if the DiT and the VAE come meanwhile.
  StageMemory prompt_beside_dit() const {
    const Held text_encoder = held(need_.text_encoder, plan_.text_encoder_layers, Holding::kConverted);
    const Held vae = held(need_.vae, need_.vae.layer_count, Holding::kConverted);
    return stage("", {text_encoder, vae, held(need_.dit, plan_.dit_layers, plan_.holding)}, need_.work.prompt);
  }

 private:
  Held held(const PartWeights& part, std::int64_t resident, Holding holding) const {
    return held_part(part, resident, holding, need_.dtype_bytes, cpu_);
  }

  StageMemory stage(const char* name, const std::vector<Held>& parts, std::uint64_t work) const {
    StageMemory memory{.stage = name};
    for (const Held& part : parts) {
      memory.weights += part.device;
      memory.host += part.host;
    }
    // What is read ahead is there only until the stage's own work begins, and pages that stay count as weights.
    std::uint64_t converted = 0;
    for (const Held& part : parts) converted += part.converted;
    const std::uint64_t loading = std::min(need_.loading, cpu_ ? converted : memory.weights);
    memory.work = cpu_ ? need_.process + std::max(work, loading) : need_.device_base + work;
    if (!cpu_) memory.host += need_.process + loading;
    return memory;
  }

  const MemoryNeed& need_;
  bool cpu_;
  const MemoryPlan& plan_;
};

std::string layers_text(const char* part, std::int64_t resident, std::int64_t count) {
  if (resident == 0) return concat({"the ", part, "'s layers are read again for each forward"});
  return concat({std::to_string(resident), " of the ", part, "'s ", std::to_string(count),
                 " layers stay, and the others are read again for each forward"});
}

std::string residency_text(const MemoryNeed& need, const MemoryPlan& plan) {
  std::vector<std::string> parts;
  if (plan.text_encoder_layers < need.text_encoder.layer_count) {
    parts.emplace_back("the text encoder's layers are read one after another");
  }
  if (!plan.keep_text_encoder) parts.emplace_back("the text encoder leaves once the prompt is encoded");
  if (!plan.keep_dit) parts.emplace_back("the DiT leaves while the VAE works");
  if (plan.holding == Holding::kStored) parts.emplace_back("weights are converted each time they are used");
  if (plan.dit_layers < need.dit.layer_count) {
    parts.push_back(layers_text("DiT", plan.dit_layers, need.dit.layer_count));
  }
  if (plan.controlnet_layers < need.controlnet.layer_count) {
    parts.push_back(layers_text("ControlNet", plan.controlnet_layers, need.controlnet.layer_count));
  }
  if (plan.vae_strips) parts.emplace_back("the VAE works in strips");
  if (parts.empty()) return "every part stays in memory";
  std::string text;
  for (const std::string& part : parts) text += concat({text.empty() ? "" : "; ", part});
  return text;
}

/// Tries plans for one machine.
class Planner {
 public:
  Planner(const MemoryNeed& need, const MachineMemory& machine) : need_(need), machine_(machine) {}

  MemoryPlan everything() const {
    return {.keep_text_encoder = true,
            .keep_dit = true,
            .vae_strips = need_.prefers_strips,
            .holding = need_.bulk,
            .text_encoder_layers = need_.text_encoder.layer_count,
            .dit_layers = need_.dit.layer_count,
            .controlnet_layers = need_.controlnet.layer_count};
  }

  /// Fills in the summary and returns whether the plan fits and leaves 1/`spare` of the memory free; 0: none.
  bool fits(MemoryPlan& plan, std::uint64_t spare) const {
    MemorySummary& summary = plan.summary;
    const Stages stages(need_, machine_, plan);
    summary.stages = stages.all();
    summary.limit = machine_.device.value_or(machine_.host);
    summary.host_limit = machine_.host;
    summary.peak = 0;
    summary.host_peak = 0;
    for (const StageMemory& stage : summary.stages) {
      summary.peak = std::max(summary.peak, stage.weights + stage.work);
      summary.host_peak = std::max(summary.host_peak, stage.host);
    }
    if (!machine_.device) summary.host_peak = summary.peak;
    summary.residency = residency_text(need_, plan);
    const auto within = [&](std::uint64_t bytes, std::uint64_t limit) {
      return bytes <= (spare == 0 ? limit : limit - limit / spare);
    };
    plan.text_encoder_beside_dit = beside(summary);
    const StageMemory together = stages.prompt_beside_dit();
    plan.dit_beside_prompt = together.weights + together.work <= summary.peak && together.host <= summary.host_peak;
    summary.fits = summary.peak <= summary.limit && summary.host_peak <= summary.host_limit;
    return within(summary.peak, summary.limit) && within(summary.host_peak, summary.host_limit);
  }

  /// Returns whether the text encoder fits beside what is there while the DiT works.
  static bool beside(const MemorySummary& summary) {
    const StageMemory& prompt = summary.stages[0];
    const StageMemory& denoise = summary.stages[2];
    return prompt.weights + denoise.weights + prompt.work <= summary.limit - summary.limit / kSpareShare &&
           prompt.host + denoise.host <= summary.host_limit;
  }

  /// Streams the text encoder if it doesn't fit as a whole.
  void place_text_encoder(MemoryPlan& plan) const {
    MemoryPlan alone = plan;
    alone.keep_text_encoder = false;
    alone.keep_dit = false;
    fits(alone, 0);
    const StageMemory& prompt = alone.summary.stages.front();
    const std::uint64_t limit = machine_.device.value_or(machine_.host);
    if (prompt.weights + prompt.work > limit - limit / kSpareShare) plan.text_encoder_layers = 0;
  }

  /// Lets as many layers be resident as fit, the DiT's first.
  void place_layers(MemoryPlan& plan) const {
    const std::int64_t all = need_.dit.layer_count + need_.controlnet.layer_count;
    for (std::int64_t resident = all - 1; resident >= 0; --resident) {
      plan.dit_layers = std::min(resident, need_.dit.layer_count);
      plan.controlnet_layers = resident - plan.dit_layers;
      if (fits(plan, kSpareShare)) return;
    }
  }

  /// Lets the VAE work in strips, if that takes less.
  void choose_strips(MemoryPlan& plan) const {
    const StageWork& work = need_.work;
    if (std::max(work.encode_strips, work.decode_strips) < std::max(work.encode, work.decode)) plan.vae_strips = true;
  }

  bool smaller_as_stored() const {
    const auto all = [&](Holding holding) {
      return held_bytes(need_.dit.layers, holding, need_.dtype_bytes) +
             held_bytes(need_.controlnet.layers, holding, need_.dtype_bytes);
    };
    return need_.bulk == Holding::kConverted && !machine_.device && all(Holding::kStored) < all(Holding::kConverted);
  }

 private:
  const MemoryNeed& need_;
  const MachineMemory& machine_;
};

/// Returns how many bytes a plan lacks.
std::uint64_t lacking(const MemorySummary& summary) {
  const auto over = [](std::uint64_t bytes, std::uint64_t limit) { return bytes - std::min(bytes, limit); };
  return over(summary.peak, summary.limit) + over(summary.host_peak, summary.host_limit);
}

/// Tries plans in order.
class Search {
 public:
  explicit Search(const Planner& planner) : planner_(planner) {}

  /// Returns whether the plan fits and leaves 1/`spare` of the memory free.
  bool takes(MemoryPlan& plan, std::uint64_t spare = kSpareShare) {
    if (planner_.fits(plan, spare)) return true;
    // What needs more than the spare that it was given isn't fit to be taken without any.
    if (spare == kSpareShare && (!second_ || lacking(plan.summary) < lacking(second_->summary))) second_ = plan;
    return false;
  }
  /// Returns the first of the plans that fits without anything to spare, or the one that lacks least.
  MemoryPlan second() const { return *second_; }

 private:
  const Planner& planner_;
  std::optional<MemoryPlan> second_;
};

MemoryPlan plan_freely(const MemoryNeed& need, const MachineMemory& machine) {
  const Planner planner(need, machine);
  Search search(planner);
  MemoryPlan plan = planner.everything();
  if (search.takes(plan, machine.device ? kSpareShare : 2)) return plan;
  plan.keep_text_encoder = false;
  planner.place_text_encoder(plan);
  if (search.takes(plan)) return plan;
  planner.choose_strips(plan);
  if (search.takes(plan)) return plan;
  plan.keep_dit = false;
  if (search.takes(plan)) return plan;
  if (planner.smaller_as_stored()) {
    plan.holding = Holding::kStored;
    if (search.takes(plan)) return plan;
  }
  plan.keep_dit = true;
  planner.place_layers(plan);
  if (search.takes(plan)) return plan;
  plan.keep_dit = false;
  if (search.takes(plan)) return plan;
  return search.second();
}

}  // namespace

WeightGroup& WeightGroup::operator+=(const WeightGroup& other) {
  values += other.values;
  bulk_values += other.bulk_values;
  dense_bytes += other.dense_bytes;
  quantised_bytes += other.quantised_bytes;
  quantised_values += other.quantised_values;
  return *this;
}

std::uint64_t count_numbers(const PartWeights& part) {
  WeightGroup all = part.fixed;
  all += part.layers;
  return all.values + all.bulk_values + all.quantised_values;
}

std::uint64_t held_bytes(const WeightGroup& group, Holding holding, std::uint64_t dtype_bytes) {
  switch (holding) {
    case Holding::kStored: return group.dense_bytes + group.quantised_bytes;
    case Holding::kInt8:
    case Holding::kFp8: return group.values * dtype_bytes + group.bulk_values + group.quantised_values;
    case Holding::kConverted: break;
  }
  return (group.values + group.bulk_values) * dtype_bytes + group.quantised_bytes;
}

MemoryPlan plan_memory(const MemoryNeed& need, const MachineMemory& machine, Offload offload) {
  if (offload == Offload::kAuto) return plan_freely(need, machine);
  const Planner planner(need, machine);
  MemoryPlan plan = planner.everything();
  if (offload != Offload::kNone) {
    plan.keep_text_encoder = false;
    plan.keep_dit = false;
    planner.place_text_encoder(plan);
  }
  if (offload == Offload::kStream) {
    plan.text_encoder_layers = 0;
    plan.dit_layers = 0;
    plan.controlnet_layers = 0;
    planner.choose_strips(plan);
  }
  if (planner.fits(plan, 0)) return plan;
  planner.choose_strips(plan);
  planner.fits(plan, 0);
  return plan;
}

MemoryPlan with_summary(MemoryPlan plan, const MemoryNeed& need, const MachineMemory& machine) {
  MemoryPlan summarised = plan;
  Planner(need, machine).fits(summarised, 0);
  plan.summary = std::move(summarised.summary);
  return plan;
}

}  // namespace zimage
