#include "app/job/job_stages.h"

#include <algorithm>
#include <iomanip>
#include <sstream>
#include <string>

#include "app/job/existing.h"
#include "app/job/golden_plan.h"
#include "app/job/latents_file.h"
#include "app/job/outputs.h"
#include "app/job/picture.h"
#include "app/job/preview.h"
#include "app/job/side_outputs.h"
#include "app/job/step_previews.h"
#include "app/options/binding.h"
#include "app/provenance/provenance.h"
#include "app/provenance/replay.h"
#include "app/report/report_json.h"
#include "base/atomic_file.h"
#include "base/log.h"
#include "base/regular_file.h"
#include "base/run_async.h"
#include "base/stopwatch.h"
#include "base/text.h"

namespace zimage::app {
namespace fs = std::filesystem;
using nlohmann::ordered_json;
namespace {

void log_schedule(const RunningJob& job) {
  const JobSpec& spec = job.spec;
  std::ostringstream sigmas;
  for (const double sigma : job.work.sigmas) sigmas << ' ' << sigma;
  log::info("sigmas" + sigmas.str());
  const std::string forwards = forwards_text(job.work.forwards, job.work.guided_forwards);
  const bool fewer = spec.sampling.strength < 1.0;
  const std::string strength = fewer ? "strength " + ordered_json(spec.sampling.strength).dump() + " leaves " : "";
  log::write(fewer && !spec.batch ? log::Level::kNotice : log::Level::kInfo, strength + forwards);
  if (!spec.seed_given && !spec.batch) log::notice("seed " + std::to_string(spec.seed) + " (random)");
}

void report_strategy(const ModelInfo& model, RunningJob& job) {
  JobReport& report = job.report;
  report.strategy = job.work.strategy.name;
  report.strategy_reason = job.work.strategy.reason;
  log::info("strategy " + job.work.strategy.name + ": " + job.work.strategy.reason);
  if (model.controlnet.empty()) return;
  const auto& given = job.spec.sampling.control_scale;
  const double scale = given.value_or(model.control_scale);
  report.control_scale = scale;
  const std::string text = ordered_json(scale).dump();
  log::info("control scale " + text + ": " + (given ? "as given" : printable(model.control_scale_reason)));
  if (scale < 0.65 || scale > 1.0) {
    log::warning("--control-scale " + text + " is outside 0.65 to 1, where these ControlNets work well");
  }
}

void check_size(const RunningJob& job, const Inpainter& inpainter) {
  const Image& picture = job.inputs->image();
  if (job.spec.crop == CropMode::kAuto) return;  // its regions stay within the limit
  if (std::max(picture.width, picture.height) <= inpainter.max_side()) return;
  throw Error(ErrorCode::kInput,
              job.spec.image_name() + " is " + size_text(picture.width, picture.height) +
                  ", but this model works on sides of at most " + std::to_string(inpainter.max_side()),
              "give --crop auto, or make the picture smaller");
}

void log_regions(const std::vector<WorkingRegion>& regions) {
  if (regions.size() > 1) {
    log::notice("the mask's parts lie far apart: inpainting " + std::to_string(regions.size()) + " regions one by one");
  }
  for (const WorkingRegion& region : regions) {
    std::string text =
        size_text(region.width, region.height) + " at " + std::to_string(region.x) + "," + std::to_string(region.y);
    if (region.resized()) text += ", worked on at " + size_text(region.working_width, region.working_height);
    log::info("region " + text);
  }
}

void hash(Session& session, RunningJob& job) {
  if (!wants_hashes(job.spec)) return;
  job.hashes = job.input_hashes.valid() ? job.input_hashes.get() : hash_inputs(job.spec);
  job.hashes["model"] = session.model_hashes();
  for (const std::string& change : changed_inputs(job.spec.replay_metadata, job.hashes)) log::warning(change);
}

ordered_json provenance_of(Session& session, const RunningJob& job, std::size_t k) {
  return describe_provenance(job.spec, job.spec.output.results[k].seed, session.model(), job.hashes);
}

/// Returns whether an existing output is kept. Errors: kUsage if it can't be kept and may not be replaced.
bool keep_existing(Session& session, const RunningJob& job, std::size_t k) {
  const fs::path& path = job.spec.output.results[k].path;
  if (!job.spec.skip_existing || path.empty() || job.spec.output.preview) return false;
  std::vector<std::string> differing;
  const Existing existing = judge_existing(path, provenance_of(session, job, k), !job.spec.seed_given, &differing);
  if (existing == Existing::kNone) return false;
  if (existing == Existing::kSame) return true;
  std::string what = existing == Existing::kOther ? " was made with other parameters" : " is not a whole picture";
  if (!differing.empty()) what += concat({" (", printable(list_some(differing, 3)), ")"});
  if (!job.spec.overwrite) {
    throw Error(ErrorCode::kUsage, path.string() + " exists, but" + what, "add --overwrite to replace it");
  }
  log::notice(printable(path.string()) + what + ": it is made again");
  return false;
}

/// Returns whether another run has made output `k` meanwhile just as this one would.
bool same_is_there(Session& session, const RunningJob& job, std::size_t k) {
  const fs::path& path = job.spec.output.results[k].path;
  if (!job.spec.skip_existing || job.spec.overwrite || path.empty()) return false;
  return judge_existing(path, provenance_of(session, job, k), !job.spec.seed_given) == Existing::kSame;
}

/// Writes output `k`. Returns false if another run has made the same meanwhile, which is kept. Errors: kRuntime.
bool write_result(Session& session, const RunningJob& job, std::size_t k, const std::vector<std::uint8_t>& bytes) {
  try {
    write_file_atomically(job.spec.output.results[k].path, bytes, job.spec.overwrite);
    return true;
  } catch (const Error&) {
    if (!same_is_there(session, job, k)) throw;
    return false;
  }
}

/// Logs that a lossy format had to encode the whole picture anew.
void notice_encoded_whole(const std::optional<double>& mean, bool batch) {
  std::ostringstream by;
  if (mean) by << " by " << std::fixed << std::setprecision(3) << *mean << " levels on average";
  if (mean == 0.0) return;
  log::write(
      batch ? log::Level::kInfo : log::Level::kNotice,
      "the whole file is encoded anew: pixels outside the mask change" + by.str() + " (--format png keeps them)");
}

/// Compares the file with its source if somebody wants the figures.
void report_difference(const RunningJob& job, const EncodedResult& encoded, bool wanted, JobReport& report) {
  if (wanted) {
    const Difference difference = compare_with_source(job.spec, *job.inputs, encoded, *job.work.editable);
    report.changed_pixels = difference.changed_pixels;
    report.max_change_outside_mask = difference.max_change_outside_mask;
    if (encoded.rotated || encoded.encoded_whole) {
      report.mean_change_outside_mask = difference.mean_change_outside_mask;
    }
  }
  if (encoded.encoded_whole && job.spec.composite)
    notice_encoded_whole(report.mean_change_outside_mask, job.spec.batch);
}

/// Adds the time spent before the run, which is part of the first output's work.
void add_loading(const RunningJob& job, JobReport& report) {
  for (const auto& [stage, ms] : job.loading_ms) {
    report.timings_ms[stage] += ms;
    report.timings_ms["total"] += ms;
  }
}

}  // namespace

RunningJob::RunningJob(JobSpec spec_) : spec(std::move(spec_)) {
  report.options = reported_options(spec);
  report.model_path = spec.model.model.string();
  // Jumps make too many steps only if --steps is given, so this is found before the model is known.
  plan_sigmas(spec.sampling.resolved({}));
}

void RunningJob::follow_model(const ModelInfo& model) {
  spec.sampling = spec.sampling.resolved(model.defaults);
  const bool limited = spec.sampling.cfg_truncation != 1.0 || spec.sampling.cfg_normalization != 0.0;
  if (limited && !spec.sampling.guided()) {
    log::warning("--cfg-truncation and --cfg-normalization do nothing without guidance: give a --guidance-scale");
  }
  report.options = reported_options(spec);
  report.guidance_scale = spec.sampling.guidance_scale;
  report.sigmas = plan_sigmas(spec.sampling);
  report.forwards = count_forwards(report.sigmas);
  report.guided_forwards = count_guided_forwards(spec.sampling, report.sigmas);
}

Work RunningJob::work_of(std::size_t k) const {
  Work one = work;
  one.request.seed = spec.output.results[k].seed;
  return one;
}

bool wants_hashes(const JobSpec& spec) {
  if (spec.output.preview) return false;
  return spec.skip_existing || !spec.no_metadata || !spec.replay_metadata.empty();
}

void hash_ahead(RunningJob& job) {
  if (!wants_hashes(job.spec)) return;
  job.input_hashes = run_async([&spec = job.spec] { return hash_inputs(spec); });
}

void prepare_job(Session& session, RunningJob& job) {
  const JobSpec& spec = job.spec;
  job.report.model = session.model();
  hash(session, job);
  job.kept.clear();
  for (std::size_t k = 0; k < job.outputs(); ++k) job.kept.push_back(keep_existing(session, job, k));
  // Done even if everything is kept: a run that was killed while it replaced an output left its temporary file behind.
  if (!spec.dry_run) {
    for (const fs::path& path : all_output_paths(spec.output)) session.clean_folder(path.parent_path());
  }
  job.first = static_cast<std::size_t>(std::find(job.kept.begin(), job.kept.end(), false) - job.kept.begin());
  if (job.all_kept() && !spec.dry_run) return;
  if (job.inputs == nullptr) job.inputs = read_inputs(spec);
  job.report.width = job.inputs->image().width;
  job.report.height = job.inputs->image().height;
  check_size(job, session.inpainter());
  job.work = session.inpainter().plan(make_request(spec, *job.inputs));
  job.report.regions = job.work.regions;
  job.report.memory = job.work.memory;
  report_strategy(session.model(), job);
  check_side_outputs_writable(job);
  log_regions(job.work.regions);
  if (!spec.output.preview) log_schedule(job);
}

bool made_meanwhile(Session& session, const RunningJob& job, std::size_t k) {
  const JobSpec& spec = job.spec;
  return job.makes(k) && spec.skip_existing && !spec.overwrite && keep_existing(session, job, k);
}

Result compute_output(Session& session, const RunningJob& job, std::size_t k, Observer& observer) {
  StepPreviews steps(observer, {{&job.spec, k}});
  Result result = session.inpainter().run(job.work_of(k), steps);
  log::info(std::to_string(result.prompt_tokens) + " prompt tokens");
  if (observer.cancelled()) throw Error(ErrorCode::kInterrupted, "interrupted");
  return result;
}

JobReport finish_output(Session& session, const RunningJob& job, std::size_t k, Result result, double compute_ms,
                        Reporter& reporter) {
  const Stopwatch writing;
  const JobSpec& spec = job.spec;
  const PlannedOutput& output = spec.output.results[k];
  if (same_is_there(session, job, k)) return report_unmade(job, k, reporter);
  JobReport report = job.report;
  report.seed = output.seed;
  report.timings_ms = result.timings;
  if (spec.batch) make_folders(spec.output);
  if (k == job.first) write_side_outputs(job);
  const EncodedResult encoded = encode_result(spec, *job.inputs, std::move(result.patches), *job.work.editable,
                                              output.seed, session.model(), provenance_of(session, job, k));
  report.width = encoded.width;
  report.height = encoded.height;
  if (!output.latents_path.empty()) {
    write_beside(spec, output.latents_path, encode_latents(result.latents));
  }
  if (output.path.empty()) {
    reporter.picture(encoded.bytes);
  } else if (!write_result(session, job, k, encoded.bytes)) {
    return report_unmade(job, k, reporter);
  }
  report_difference(job, encoded, reporter.wants_figures(), report);
  report.timings_ms["write"] = writing.ms();
  report.timings_ms["total"] = compute_ms + writing.ms();
  if (k == job.first) add_loading(job, report);
  report.output = output.path;
  report.status = "ok";
  report.golden = check_planned_golden(spec, output, encoded.bytes);
  judge_golden(spec, report);
  if (reporter.wants_pictures()) reporter.show(shown_picture(encoded.bytes));
  reporter.job(report);
  return report;
}

JobReport report_unmade(const RunningJob& job, std::size_t k, Reporter& reporter) {
  const JobSpec& spec = job.spec;
  const PlannedOutput& output = spec.output.results[k];
  const bool skipped = !spec.dry_run;
  if (skipped && spec.output.preview) return finish_preview(job, reporter);
  JobReport report = job.report;
  report.seed = output.seed;
  report.output = output.path;
  report.status = skipped || job.kept[k] ? "skipped" : "planned";
  if (skipped) {
    log::write(spec.batch ? log::Level::kInfo : log::Level::kNotice,
               "skipped: " + printable(output.path.string()) + " exists");
  }
  if (skipped && !output.golden.empty()) {
    report.golden = check_planned_golden(spec, output, read_bytes(output.path, SIZE_MAX - 1, ErrorCode::kInput));
    judge_golden(spec, report);
  }
  reporter.job(report);
  return report;
}

}  // namespace zimage::app
