#include "pipeline/tools/inspect_memory.h"

#include <c10/core/ScalarType.h>

#include <algorithm>
#include <limits>

#include "pipeline/residency/compute.h"
#include "pipeline/residency/memory_need.h"
#include "pipeline/residency/memory_state.h"

namespace zimage {
namespace {

// The numbers of the published parts. Source: the headers of their files.
constexpr std::uint64_t kTextEncoderLayerValues = 100'930'816;
constexpr std::int64_t kTextEncoderLayers = 35;
constexpr std::uint64_t kVAEValues = 83'819'683;

WeightGroup published(std::uint64_t values) { return {.values = values, .dense_bytes = 2 * values}; }

PartWeights weights_of(const ModelPart& part, const char* layers) {
  return part_weights(*part.weights, check_part(part).asked, layers);
}

const ModelPart* find(const std::vector<ModelPart>& parts, Part wanted) {
  const auto found = std::find_if(parts.begin(), parts.end(), [&](const auto& part) { return part.part == wanted; });
  return found == parts.end() ? nullptr : &*found;
}

}  // namespace

DtypeChoice usual_dtype(const std::vector<ModelPart>& parts) {
  const ModelPart* dit = find(parts, Part::kDiT);
  const std::uint64_t values =
      dit == nullptr ? std::numeric_limits<std::uint64_t>::max() : count_numbers(weights_of(*dit, "layers."));
  return choose_dtype(
      "auto", {.cpu = resolve_compute({}).device.is_cpu(), .native_bf16 = processor_has_bf16(), .dit_values = values});
}

std::optional<MemorySummary> usual_memory(const std::vector<ModelPart>& parts, const DtypeChoice& dtype) {
  const ModelPart* dit = find(parts, Part::kDiT);
  if (dit == nullptr) return std::nullopt;
  ModelConfigs configs;
  configs.vae.block_out_channels = {128, 256, 512, 512};  // unless there is a VAE among the parts
  configs.text_encoder.hidden_size = 2560;
  configs.text_encoder.intermediate_size = 9728;
  configs.dit = DiTConfig::detect(*dit->weights, dit->config);
  MemoryNeed need;
  need.dit = weights_of(*dit, "layers.");
  need.text_encoder = {.layers = published(kTextEncoderLayers * kTextEncoderLayerValues),
                       .largest = published(kTextEncoderLayerValues),
                       .layer_count = kTextEncoderLayers};
  need.vae.fixed = published(kVAEValues);
  if (const ModelPart* part = find(parts, Part::kTextEncoder)) need.text_encoder = weights_of(*part, "layers.");
  if (const ModelPart* part = find(parts, Part::kVAE)) {
    need.vae = weights_of(*part, "");
    configs.vae = VAEConfig::detect(*part->weights, part->config);
  }
  need.prefers_strips = prefers_strips(need.vae);
  need.dtype_bytes = c10::elementSize(dtype.dtype);
  need.work = stage_work(configs, square_of(1.0), dtype.dtype, dtype.bulk);
  const MemoryState memory = look_at_memory(resolve_compute({}).device);
  MemorySummary summary = plan_memory(need, {memory.host, memory.device}, Offload::kAuto).summary;
  summary.dtype_reason = dtype.reason;
  return summary;
}

}  // namespace zimage
