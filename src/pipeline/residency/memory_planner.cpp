#include "pipeline/residency/memory_planner.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/bytes_text.h"
#include "base/text.h"
#include "zimage/error.h"

namespace zimage {
namespace {

PartWeights weights_of(const PartHeaders& part, const char* layers) {
  if (part.source == nullptr) return {};
  PartWeights weights = part_weights(*part.source, part.asked, layers);
  weights.no_file = part.source->files().empty();
  return weights;
}

/// Returns the group with its bulk layers quantised to so many bits a number.
WeightGroup quantised(WeightGroup group, double bits) {
  const std::uint64_t values = group.bulk_values + group.quantised_values;
  group.bulk_values = 0;
  group.quantised_values = values;
  group.quantised_bytes = static_cast<std::uint64_t>(static_cast<double>(values) * bits / 8);
  group.dense_bytes = group.values * 2;
  return group;
}

PartWeights quantised(PartWeights part, double bits) {
  part.fixed = quantised(part.fixed, bits);
  part.layers = quantised(part.layers, bits);
  part.largest = quantised(part.largest, bits);
  return part;
}

const StageMemory& largest_stage(const MemorySummary& summary, bool host) {
  return *std::max_element(summary.stages.begin(), summary.stages.end(), [&](const auto& a, const auto& b) {
    return host ? a.host < b.host : a.weights + a.work < b.weights + b.work;
  });
}

}  // namespace

MemoryPlanner::MemoryPlanner(const OpenedModel& model, at::ScalarType dtype, Holding bulk, MemoryTerms terms)
    : configs_{model.dit_config, model.text_encoder_config, model.vae_config, model.has_controlnet()},
      dtype_(dtype),
      terms_(terms) {
  parts_.text_encoder = weights_of(model.text_encoder, "layers.");
  parts_.dit = weights_of(model.dit, "layers.");
  parts_.controlnet = weights_of(model.controlnet, "control_layers.");
  parts_.vae = weights_of(model.vae, "");
  parts_.dtype_bytes = c10::elementSize(dtype);
  parts_.prefers_strips = prefers_strips(parts_.vae);
  parts_.bulk = bulk;
  if (terms_.max_memory > 0) {
    std::uint64_t& memory = terms_.machine.device ? *terms_.machine.device : terms_.machine.host;
    memory = std::min(memory, terms_.max_memory);
  }
}

MemoryNeed MemoryPlanner::need(const WorkSize& size) const {
  MemoryNeed need = parts_;
  need.work = stage_work(configs_, size, dtype_, parts_.bulk);
  return need;
}

MemoryPlan MemoryPlanner::plan(const WorkSize& size) const {
  const WorkSize nominal = nominal_size();
  if (size.width * size.height * size.pictures < nominal.width * nominal.height) {
    const MemoryPlan plan = plan_memory(need(nominal), terms_.machine, terms_.offload);
    if (plan.summary.fits) return with_summary(plan, need(size), terms_.machine);
  }
  return plan_memory(need(size), terms_.machine, terms_.offload);
}

std::string MemoryPlanner::hint(const WorkSize& size, std::uint64_t limit) const {
  MachineMemory machine = terms_.machine;
  (machine.device ? *machine.device : machine.host) = limit;
  std::vector<std::string> ways;
  const auto fits = [&](const MemoryNeed& need, Offload offload) {
    return plan_memory(need, machine, offload).summary.fits;
  };
  const MemoryNeed wanted = need(size);
  for (const auto& [name, offload] :
       {std::pair{"--offload stage", Offload::kStage}, {"--offload stream", Offload::kStream}}) {
    if (ways.empty() && terms_.offload != offload && fits(wanted, offload)) ways.emplace_back(name);
  }
  if (parts_.dtype_bytes == 4 && parts_.bulk == Holding::kConverted) {
    MemoryNeed halved = wanted;
    halved.dtype_bytes = 2;
    if (fits(halved, terms_.offload)) ways.emplace_back("--dtype bf16");
  }
  for (const auto& [name, bits] : {std::pair{"a Q8_0 file of the model", 8.5}, {"a Q4_K file of the model", 4.5}}) {
    MemoryNeed smaller = wanted;
    smaller.dit = quantised(smaller.dit, bits);
    smaller.controlnet = quantised(smaller.controlnet, bits);
    // Files of one name differ by a few percent, so a smaller one has to be so by more.
    const bool is_smaller = held_bytes(smaller.dit.layers, Holding::kStored, 2) <
                            held_bytes(wanted.dit.layers, Holding::kStored, 2) / 5 * 4;
    if (wanted.dit.no_file || !is_smaller || !fits(smaller, terms_.offload)) continue;
    ways.emplace_back(name);
    break;
  }
  const double area = static_cast<double>(size.width * size.height) * 1e-6;
  for (const char* megapixels : {"2", "1", "0.5", "0.25", "0.1"}) {
    if (std::stod(megapixels) >= area) continue;
    if (!fits(need(square_of(std::stod(megapixels))), terms_.offload)) continue;
    ways.push_back(concat({"--crop auto --megapixels ", megapixels}));
    break;
  }
  if (ways.empty()) {
    const MemoryPlan least = plan_memory(wanted, terms_.machine, Offload::kStream);
    const bool helps = least.summary.peak < plan_memory(wanted, terms_.machine, terms_.offload).summary.peak;
    return concat({"use a machine with more memory",
                   helps ? concat({": with --offload stream it takes ", bytes_text(least.summary.peak)}) : ""});
  }
  std::string text = "use ";
  for (std::size_t i = 0; i < ways.size(); ++i) text += concat({i == 0 ? "" : ", or ", ways[i]});
  return text;
}

void MemoryPlanner::require_fits(const MemoryPlan& plan, const WorkSize& size) const {
  const MemorySummary& summary = plan.summary;
  const bool device = terms_.machine.device.has_value();
  if (summary.peak > summary.limit) {
    const char* where = terms_.max_memory > 0 && summary.limit == terms_.max_memory ? "and --max-memory allows "
                        : device                                                    ? "and the device has "
                                                                                    : "and the limit is ";
    throw Error(ErrorCode::kMemory,
                concat({"the run needs ", bytes_text(summary.peak), " of memory to ",
                        largest_stage(summary, false).stage, ", ", where, bytes_text(summary.limit)}),
                hint(size, summary.limit));
  }
  if (summary.host_peak > summary.host_limit) {
    throw Error(ErrorCode::kMemory,
                concat({"the run needs ", bytes_text(summary.host_peak), " of the host's memory to ",
                        largest_stage(summary, true).stage, ", and the limit is ", bytes_text(summary.host_limit)}),
                hint(size, summary.limit));
  }
}

void MemoryPlanner::require_free(const MemoryPlan& plan, const WorkSize& size) const {
  if (is_free(plan)) return;
  const MemorySummary& summary = plan.summary;
  throw Error(ErrorCode::kMemory,
              concat({"the run needs ", bytes_text(summary.peak), " of memory to ", largest_stage(summary, false).stage,
                      ", and only ", bytes_text(terms_.free), " of ", bytes_text(summary.limit), " are free"}),
              concat({"end other programs, or ", hint(size, terms_.free)}));
}

}  // namespace zimage
