#include "app/batch/batch.h"

#include <malloc.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include "app/batch/batch_prompts.h"
#include "app/batch/batch_sizes.h"
#include "app/batch/batch_units.h"
#include "app/batch/claims.h"
#include "app/job/golden_plan.h"
#include "app/job/interrupt.h"
#include "app/job/job_stages.h"
#include "app/job/outputs.h"
#include "app/job/resolve.h"
#include "app/options/binding.h"
#include "base/atomic_file.h"
#include "base/bounded_queue.h"
#include "base/log.h"
#include "base/stopwatch.h"
#include "base/text.h"

namespace zimage::app {
namespace fs = std::filesystem;
namespace {

/// Turns whatever was thrown into an Error.
Error as_error(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Error& e) {
    return e;
  } catch (const std::bad_alloc&) {
    return {ErrorCode::kMemory, "out of memory", "try a smaller picture, or a machine with more memory"};
  } catch (const std::exception& e) {
    return {ErrorCode::kRuntime, e.what()};
  }
}

JobPlace place_of(const Job& job, std::uint64_t random_seed) {
  return {.batch = true, .folder = job.folder, .subfolder = job.subfolder, .random_seed = random_seed};
}

/// Writing a large picture can take as long as making it, but the device's own threads come first.
unsigned writer_count() { return std::clamp(std::thread::hardware_concurrency() / 4, 1U, 4U); }

/// One run of a batch, with the threads that read, compute and write.
class Batch {
 public:
  Batch(BatchPlan& plan, Session& session, Progress& progress, Reporter& reporter)
      : plan_(plan),
        session_(session),
        progress_(progress),
        reporter_(reporter),
        prepared_(std::max<std::size_t>(plan.batch_size, 2)),
        computed_(2),
        prompts_(plan.jobs->all(), plan.shard, session.inpainter()) {}

  BatchSummary run();

 private:
  using TrackedJob = std::shared_ptr<BatchJob>;

  // On the reader's thread.
  void read();
  void prepare(Job& job);
  void claim_outputs(const Job& job);
  void leave_to_others(const Job& job);
  // On the device's thread.
  void compute();
  bool compute_units(std::vector<BatchUnit> units);
  void tell_unmade(const BatchUnit& unit);
  std::vector<BatchUnit> not_made_meanwhile(const std::vector<BatchUnit>& units);
  // On a writer's thread.
  void write();

  /// Takes the report of one of a job's outputs, and counts the job after its last.
  void settle(BatchJob& job, const JobReport& report);
  void fail(BatchJob& job, const Error& error, std::size_t outputs);
  void count(BatchJob& job, const JobReport& last);
  /// Ends the batch: nothing new is begun, and run() throws `why`.
  void abort(std::exception_ptr why);
  /// Begins nothing new, because it would fail like the last job. What is computed is written; then run() throws.
  void give_up(const Error& error);
  void stop_reading();
  bool stopping() const { return plan_.stop->load() || interrupted(); }

  class Settler;

  BatchPlan& plan_;
  Session& session_;
  Progress& progress_;
  Reporter& reporter_;
  Claims claims_;
  BoundedQueue<TrackedJob> prepared_;
  BoundedQueue<ComputedUnit> computed_;
  std::mutex mutex_;  ///< guards everything below, the reporter and progress.job_end()
  BatchPrompts prompts_;
  BatchSummary summary_;
  std::exception_ptr fatal_;
  std::vector<GoldenResult> unlike_;  ///< results that differ from their golden pictures
  bool anything_worked_ = false;
};

/// Lets finish_output() and report_unmade() report to the batch.
class Batch::Settler final : public Reporter {
 public:
  Settler(Batch& batch, BatchJob& job) : batch_(batch), job_(job) {}
  void job(const JobReport& report) override { batch_.settle(job_, report); }
  bool wants_figures() const override { return batch_.reporter_.wants_figures(); }
  void picture(const std::vector<std::uint8_t>&) override {}  // a batch has no `--output -`
  bool wants_pictures() const override { return batch_.reporter_.wants_pictures(); }
  void show(const Image& picture) override {
    const std::lock_guard lock(batch_.mutex_);
    batch_.reporter_.show(picture);
  }

 private:
  Batch& batch_;
  BatchJob& job_;
};

void Batch::abort(std::exception_ptr why) {
  {
    const std::lock_guard lock(mutex_);
    if (!fatal_) fatal_ = std::move(why);
  }
  plan_.stop->store(true);
  prepared_.abandon();
  computed_.abandon();
}

void Batch::give_up(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    if (!fatal_) {
      fatal_ = std::make_exception_ptr(
          Error(error.code(), "the batch ends, because every later job would fail like this one: " + error.message(),
                "start it again; with --skip-existing it goes on where it ended")
              .as_fatal());
    }
  }
  stop_reading();
}

void Batch::stop_reading() {
  plan_.stop->store(true);
  prepared_.abandon();
}

void Batch::count(BatchJob& job, const JobReport& last) {
  if (job.failed) {
    ++summary_.failed;
  } else if (last.status == "planned") {
    ++summary_.planned;
  } else if (job.made == 0) {
    ++summary_.skipped;
  } else {
    ++summary_.done;
  }
  if (job.mismatched && !job.failed) ++summary_.mismatched;
  prompts_.release(job.index);
  progress_.job_end(job.name, last);
}

void Batch::settle(BatchJob& job, const JobReport& report) {
  const std::lock_guard lock(mutex_);
  if (report.status == "ok" || report.status == "preview") ++job.made;
  if (report.status == "mismatch") {
    ++job.made;
    job.mismatched = true;
    unlike_.push_back(*report.golden);
  }
  --job.open;
  try {
    reporter_.job(report);
  } catch (...) {
    if (!fatal_) fatal_ = std::current_exception();
    plan_.stop->store(true);
  }
  if (job.open == 0) count(job, report);
}

void Batch::fail(BatchJob& job, const Error& error, std::size_t outputs) {
  const std::string hint = error.hint().empty() ? "" : " (" + error.hint() + ")";
  const std::string where = error.message().starts_with(job.name) ? "" : job.name + ": ";
  const std::string message = where + error.message() + hint;
  log::error(printable(message));
  JobReport report = job.running ? job.running->report : job.report;
  report.status = "error";
  report.error = error;
  report.output.reset();
  {
    const std::lock_guard lock(mutex_);
    if (!job.failed) summary_.add_failure(error, message);
    job.failed = true;
    job.open -= outputs - 1;
  }
  claims_.release(job.name);
  settle(job, report);
  if (plan_.fail_fast) stop_reading();
}

/// Claims the outputs of a job that comes one by one; those of a list have been compared before the first job ran.
void Batch::claim_outputs(const Job& job) {
  if (plan_.jobs->all() != nullptr) return;
  const OutputPlan outputs = plan_outputs(job.settings, {.batch = true, .folder = job.folder, .random_seed = 0});
  claims_.take(job.name, all_output_paths(outputs));
}

/// Claims the outputs of a job that another machine does, so that no job of ours writes to them.
void Batch::leave_to_others(const Job& job) {
  if (job.error) return;
  try {
    claim_outputs(job);
  } catch (const Error&) {
    return;  // that machine reports what is wrong with it
  }
}

void Batch::prepare(Job& job) {
  const auto tracked = std::make_shared<BatchJob>();
  tracked->index = job.index;
  tracked->name = job.name;
  tracked->report.options = reported_options(job.settings);
  try {
    if (job.error) throw *job.error;
    claim_outputs(job);
    tracked->running.emplace(resolve(job.settings, place_of(job, plan_.random_seed)));
    tracked->open = tracked->running->outputs();
    tracked->running->follow_model(session_.model());
    prepare_job(session_, *tracked->running);
  } catch (...) {
    return fail(*tracked, as_error(std::current_exception()), tracked->open);
  }
  prepared_.push(tracked);
}

void Batch::read() {
  try {
    while (!stopping()) {
      std::optional<Job> job = plan_.jobs->next();
      if (!job) break;
      if (stopping()) break;
      if (plan_.shard.holds(job->index))
        prepare(*job);
      else
        leave_to_others(*job);
    }
  } catch (...) {
    abort(std::current_exception());
  }
  prepared_.close();
}

/// Inpaints units together. Returns false if the batch is to end.
bool Batch::compute_units(std::vector<BatchUnit> units) {
  const Stopwatch computing;
  try {
    std::vector<ComputedUnit> results = compute_together(session_, units, progress_);
    anything_worked_ = true;
    for (ComputedUnit& result : results) {
      result.compute_ms = computing.ms() / static_cast<double>(results.size());
      computed_.push(std::move(result));
    }
    // Pictures of many sizes leave holes in the heap that the next ones don't fit into. Trimming costs 2 ms a picture.
    ::malloc_trim(0);
  } catch (...) {
    const Error error = as_error(std::current_exception());
    if (error.code() == ErrorCode::kInterrupted) return false;
    // A model that can't even make the first picture will not make the others.
    if (error.code() == ErrorCode::kModel && !anything_worked_) {
      abort(std::current_exception());
      return false;
    }
    for (const BatchUnit& unit : units) fail(*unit.job, error, 1);
    if (error.fatal()) give_up(error);
  }
  return !stopping();
}

void Batch::tell_unmade(const BatchUnit& unit) {
  Settler settler(*this, *unit.job);
  try {
    report_unmade(*unit.job->running, unit.k, settler);
  } catch (...) {
    // The golden picture can't be read, or the kept output has disappeared meanwhile.
    fail(*unit.job, as_error(std::current_exception()), 1);
  }
}

/// Reports the units whose results another run has made meanwhile, and returns the others.
std::vector<BatchUnit> Batch::not_made_meanwhile(const std::vector<BatchUnit>& units) {
  std::vector<BatchUnit> open;
  for (const BatchUnit& unit : units) {
    try {
      if (made_meanwhile(session_, *unit.job->running, unit.k)) {
        tell_unmade(unit);
      } else {
        open.push_back(unit);
      }
    } catch (...) {
      fail(*unit.job, as_error(std::current_exception()), 1);
    }
  }
  return open;
}

void Batch::compute() {
  // Jobs on stdin may depend on the results of earlier ones, so a group doesn't wait for jobs that haven't come yet.
  UnitStream stream(session_, plan_.batch_size, plan_.jobs->all() != nullptr, prepared_);
  while (true) {
    const std::vector<BatchUnit> units = stream.next();
    if (units.empty()) return;
    const BatchUnit& first = units.front();
    BatchJob& job = *first.job;
    if (!job.running->makes(first.k)) {
      tell_unmade(first);
    } else {
      const std::vector<BatchUnit> open = not_made_meanwhile(units);
      for (const BatchUnit& unit : open) progress_.job_begin(unit.job->name);
      if (!open.empty() && !compute_units(open)) return;
    }
    if (stopping()) return;
  }
}

void Batch::write() {
  while (std::optional<ComputedUnit> unit = computed_.pop()) {
    BatchJob& job = *unit->unit.job;
    Settler settler(*this, job);
    try {
      finish_output(session_, *job.running, unit->unit.k, std::move(unit->result), unit->compute_ms, settler);
    } catch (...) {
      fail(job, as_error(std::current_exception()), 1);
    }
  }
}

BatchSummary Batch::run() {
  const Stopwatch watch;
  std::thread reader([this] { read(); });
  std::vector<std::thread> writers;
  for (unsigned i = 0; i < writer_count(); ++i) writers.emplace_back([this] { write(); });
  try {
    compute();
  } catch (...) {
    abort(std::current_exception());
  }
  stop_reading();
  reader.join();
  computed_.close();
  for (std::thread& writer : writers) writer.join();
  warn_of_goldens(unlike_);
  if (fatal_) std::rethrow_exception(fatal_);
  summary_.interrupted = interrupted();
  summary_.seconds = watch.ms() / 1000.0;
  return summary_;
}

std::optional<std::size_t> count_jobs(const BatchPlan& plan) {
  const auto* jobs = plan.jobs->all();
  if (jobs == nullptr) return std::nullopt;
  return static_cast<std::size_t>(
      std::count_if(jobs->begin(), jobs->end(), [&](const Job& job) { return plan.shard.holds(job.index); }));
}

void make_root(const BatchPlan& plan) {
  if (plan.output.empty() || plan.dry_run) return;
  std::error_code error;
  fs::create_directories(plan.output, error);
  if (error || !fs::is_directory(plan.output)) {
    throw Error(ErrorCode::kUsage, "the folder " + plan.output.string() + " can't be made: " + error.message(),
                "choose another folder");
  }
  check_folder_writable(plan.output);
}

}  // namespace

BatchSummary run_batch(BatchPlan& plan, Progress& progress, Reporter& reporter) {
  make_root(plan);
  Session session(plan.model, plan.compute);
  session.log_model();
  if (plan.random_seed_needed) log::notice("seed " + std::to_string(plan.random_seed) + " (random)");
  progress.batch_begin(count_jobs(plan));
  const BatchSizes sizes(plan.jobs->all(), plan.shard, progress);
  return Batch(plan, session, progress, reporter).run();
}

}  // namespace zimage::app
