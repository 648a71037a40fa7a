// Plans the memory of one opened model, for any size of work.
#pragma once

#include <cstdint>
#include <string>

#include "pipeline/residency/memory_need.h"
#include "pipeline/residency/memory_plan.h"
#include "pipeline/residency/opened_model.h"

namespace zimage {

/// What the plan depends on besides the model.
struct MemoryTerms {
  MachineMemory machine;
  std::uint64_t free = 0;        ///< bytes that nobody uses now, where the model computes; 0: unknown
  std::uint64_t max_memory = 0;  ///< --max-memory; 0: not given
  Offload offload = Offload::kAuto;
  double megapixels = 1.0;  ///< the size that weights are placed for; larger work may place them anew
};

class MemoryPlanner {
 public:
  MemoryPlanner() = default;
  /// `dtype` is that of the activations; `bulk` says what the bulk layers of the DiT and the
  /// ControlNet multiply in.
  MemoryPlanner(const OpenedModel& model, at::ScalarType dtype, Holding bulk, MemoryTerms terms);

  /// Plans for work of a size, but at least the size that weights are placed for if that fits: the plan must not change
  /// from one small region to the next.
  MemoryPlan plan(const WorkSize& size) const;
  WorkSize nominal_size() const { return square_of(terms_.megapixels); }
  MemoryPlan nominal_plan() const { return plan(nominal_size()); }

  /// Errors: kMemory if the plan doesn't fit; the hint says what would.
  void require_fits(const MemoryPlan& plan, const WorkSize& size) const;
  /// Errors: kMemory if it doesn't fit into what is free now, which only a run that begins asks: what is free decides
  /// whether it runs, and never how.
  void require_free(const MemoryPlan& plan, const WorkSize& size) const;
  bool is_free(const MemoryPlan& plan) const { return terms_.free == 0 || plan.summary.peak <= terms_.free; }

 private:
  MemoryNeed need(const WorkSize& size) const;
  std::string hint(const WorkSize& size, std::uint64_t limit) const;

  ModelConfigs configs_;
  at::ScalarType dtype_ = at::kFloat;
  MemoryNeed parts_;  ///< without the work
  MemoryTerms terms_;
};

}  // namespace zimage
