#include "app/batch/batch_units.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

bool is_made(const BatchUnit& unit) { return !unit.job->running.plan.dry_run && !unit.job->running.kept[unit.k]; }

bool can_share(const Session& session, const BatchUnit& a, const BatchUnit& b) {
  return is_made(b) && session.inpainter().can_share(a.job->running.plan.request, b.job->running.plan.request);
}

}  // namespace

const BatchUnit* UnitStream::peek(bool wait) {
  if (ahead_) return &*ahead_;
  if (job_ == nullptr || k_ == job_->running.plan.outputs.size()) {
    auto job = wait ? jobs_.pop() : jobs_.try_pop();
    if (!job) return nullptr;
    job_ = std::move(*job);
    k_ = 0;
  }
  ahead_ = BatchUnit{job_, k_++};
  return &*ahead_;
}

std::vector<BatchUnit> UnitStream::next() {
  std::vector<BatchUnit> units;
  const BatchUnit* unit = peek(/*wait=*/true);
  while (unit != nullptr) {
    units.push_back(*unit);
    ahead_.reset();
    if (units.size() >= size_ || !is_made(units.front())) break;
    unit = peek(wait_);
    if (unit != nullptr && !can_share(session_, units.front(), *unit)) break;
  }
  return units;
}

std::vector<ComputedUnit> compute_together(Session& session, const std::vector<BatchUnit>& units, Observer& observer) {
  std::vector<ComputedUnit> computed;
  if (units.size() == 1) {
    const BatchUnit& unit = units.front();
    computed.push_back({unit, compute_output(session, unit.job->running, unit.k, observer), 0.0});
    return computed;
  }
  // Pictures of one job differ in their seeds alone. Requests aren't copied: others may still be filling their
  // pictures.
  std::vector<SeededRequest> requests;
  for (const BatchUnit& unit : units) {
    const Plan& plan = unit.job->running.plan;
    requests.emplace_back(&plan.request, plan.outputs[unit.k].seed);
  }
  std::vector<Result> results = session.inpainter().run_together(requests, observer);
  if (observer.cancelled()) throw Error(ErrorCode::kInterrupted, "interrupted");
  for (std::size_t i = 0; i < units.size(); ++i) computed.push_back({units[i], std::move(results[i]), 0.0});
  return computed;
}

}  // namespace zimage::app
