#include "app/batch/batch_units.h"

#include <algorithm>
#include <utility>

#include "app/job/step_previews.h"
#include "app/options/binding.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

bool is_made(const BatchUnit& unit) { return unit.job->running->makes(unit.k); }

bool can_share(const Session& session, const BatchUnit& a, const BatchUnit& b) {
  const RunningJob& first = *a.job->running;
  const RunningJob& second = *b.job->running;
  return is_made(b) && same_sampling(first.spec, second.spec) && session.inpainter().can_share(first.work, second.work);
}

}  // namespace

const BatchUnit* UnitStream::peek(bool wait) {
  if (ahead_) return &*ahead_;
  if (job_ == nullptr || k_ == job_->running->outputs()) {
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
    computed.push_back({unit, compute_output(session, *unit.job->running, unit.k, observer), 0.0});
    return computed;
  }
  std::vector<Work> works;
  std::vector<StepPreviews::Picture> pictures;
  for (const BatchUnit& unit : units) {
    works.push_back(unit.job->running->work_of(unit.k));
    pictures.push_back({&unit.job->running->spec, unit.k});
  }
  StepPreviews steps(observer, std::move(pictures));
  std::vector<Result> results = session.inpainter().run_together(works, steps);
  if (observer.cancelled()) throw Error(ErrorCode::kInterrupted, "interrupted");
  for (std::size_t i = 0; i < units.size(); ++i) computed.push_back({units[i], std::move(results[i]), 0.0});
  return computed;
}

}  // namespace zimage::app
