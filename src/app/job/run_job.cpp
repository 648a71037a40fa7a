#include "app/job/run_job.h"

#include <algorithm>
#include <iomanip>
#include <sstream>
#include <string>

#include "app/golden/golden_plan.h"
#include "app/job/encode_result.h"
#include "app/job/existing.h"
#include "app/job/latents_file.h"
#include "app/job/naming.h"
#include "app/job/outputs.h"
#include "app/job/resolve.h"
#include "app/job/result_difference.h"
#include "app/provenance/metadata.h"
#include "app/provenance/replay.h"
#include "base/atomic_file.h"
#include "base/log.h"
#include "base/regular_file.h"
#include "base/run_async.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "image/mask.h"

namespace zimage::app {
namespace fs = std::filesystem;
using nlohmann::ordered_json;
namespace {

void say_plan(const Plan& plan, const JobReport& report) {
  std::ostringstream sigmas;
  for (const double sigma : report.sigmas) sigmas << ' ' << sigma;
  log::info("sigmas" + sigmas.str());
  const Request& request = plan.request;
  const std::string forwards = std::to_string(*report.forwards) + (*report.forwards == 1 ? " forward" : " forwards") +
                               (request.guidance_scale != 1.0 ? ", twice each for guidance" : "");
  const bool fewer = request.strength < 1.0;
  const std::string strength = fewer ? "strength " + ordered_json(request.strength).dump() + " leaves " : "";
  log::write(fewer && !plan.batch ? log::Level::kNotice : log::Level::kInfo, strength + forwards);
  if (!plan.seed_given && !plan.batch) log::notice("seed " + std::to_string(request.seed) + " (random)");
}

void choose_strategy(const Plan& plan, const Inpainter& inpainter, JobReport& report) {
  const StrategyChoice choice = inpainter.choose_strategy(plan.request);
  report.strategy = choice.name;
  report.strategy_reason = choice.reason;
  log::info("strategy " + choice.name + ": " + choice.reason);
  const ModelInfo& model = inpainter.info();
  if (model.controlnet.empty()) return;
  const auto& given = plan.request.control_scale;
  const double scale = given.value_or(model.control_scale);
  report.control_scale = scale;
  const std::string text = ordered_json(scale).dump();
  log::info("control scale " + text + ": " + (given ? "as given" : printable(model.control_scale_reason)));
  if (scale < 0.65 || scale > 1.0) {
    log::warning("--control-scale " + text + " is outside 0.65 to 1, where these ControlNets work well");
  }
}

void check_size(const Plan& plan, const Inpainter& inpainter) {
  const Image& picture = plan.request.image;
  if (plan.request.crop == CropMode::kAuto) return;  // its regions keep to the limit
  if (std::max(picture.width, picture.height) <= inpainter.max_side()) return;
  throw Error(ErrorCode::kInput,
              plan.image_path.string() + " is " + size_text(picture.width, picture.height) +
                  ", and this model works on sides of at most " + std::to_string(inpainter.max_side()),
              "give --crop auto, or make the picture smaller");
}

void say_regions(const std::vector<WorkingRegion>& regions) {
  if (regions.size() > 1) {
    log::notice("the mask's parts lie far apart: " + std::to_string(regions.size()) + " regions, one by one");
  }
  for (const WorkingRegion& region : regions) {
    std::string text =
        size_text(region.width, region.height) + " at " + std::to_string(region.x) + "," + std::to_string(region.y);
    if (region.resized()) text += ", worked on at " + size_text(region.working_width, region.working_height);
    log::info("region " + text);
  }
}

void hash(Session& session, RunningJob& job) {
  const Plan& plan = job.plan;
  if (!wants_hashes(plan)) return;
  job.hashes = job.input_hashes.valid() ? job.input_hashes.get() : hash_inputs(plan);
  job.hashes["model"] = session.model_hashes();
  for (const std::string& change : changed_inputs(plan.replay_metadata, job.hashes)) log::warning(change);
}

ordered_json making_of(Session& session, const RunningJob& job, std::size_t k) {
  return describe_making(job.plan, job.plan.outputs[k].seed, session.model(), job.hashes);
}

/// Whether what is there stays. Errors: kUsage if it can't, and may not be replaced.
bool keep_existing(Session& session, const RunningJob& job, std::size_t k) {
  const fs::path& path = job.plan.outputs[k].path;
  if (!job.plan.skip_existing || path.empty()) return false;
  const Existing existing = judge_existing(path, making_of(session, job, k), !job.plan.seed_given);
  if (existing == Existing::kNone) return false;
  if (existing == Existing::kSame) return true;
  const std::string what = existing == Existing::kOther ? " was made with other parameters" : " is not a whole picture";
  if (!job.plan.overwrite) {
    throw Error(ErrorCode::kUsage, path.string() + " exists, but" + what, "add --overwrite to replace it");
  }
  log::notice(printable(path.string()) + what + ": made again");
  return false;
}

/// Where the picture of region `r` goes.
fs::path crop_path(const RunningJob& job, std::size_t r) {
  const Plan& plan = job.plan;
  return job.report.regions.size() == 1 ? plan.save_crop : numbered(plan.save_crop, static_cast<int>(r));
}

/// What could not be checked before it was known how many crops there are, and what is kept.
void check_side_outputs_writable(const RunningJob& job) {
  const Plan& plan = job.plan;
  std::vector<fs::path> paths;
  if (!plan.save_crop.empty() && (job.report.regions.size() > 1 || plan.skip_existing)) {
    for (std::size_t r = 0; r < job.report.regions.size(); ++r) paths.push_back(crop_path(job, r));
  }
  if (plan.skip_existing) {
    paths.push_back(plan.save_mask);
    for (std::size_t k = 0; k < plan.outputs.size(); ++k) {
      if (!job.kept[k]) paths.push_back(plan.outputs[k].latents_path);
    }
  }
  for (const fs::path& path : paths) {
    if (!path.empty()) check_writable(path, plan.overwrite);
  }
}

/// The mask and the working regions are the same for every picture of a job.
void write_side_outputs(const RunningJob& job, const Result& result) {
  const Plan& plan = job.plan;
  if (!plan.save_mask.empty()) {
    write_file_atomically(plan.save_mask, codecs::encode_image(mask_to_image(result.effective_mask), {}),
                          plan.overwrite);
  }
  if (plan.save_crop.empty()) return;
  for (std::size_t r = 0; r < result.regions.size(); ++r) {
    const Image crop = part_in_srgb(plan, box_of(result.regions[r]));
    write_file_atomically(crop_path(job, r), codecs::encode_image(crop, {}), plan.overwrite);
  }
}

/// Where a lossy format had to take all of the picture anew.
void say_mean_change(double mean, bool batch, JobReport& report) {
  report.mean_change_outside_mask = mean;
  if (mean <= 0.0) return;
  std::ostringstream text;
  text << std::fixed << std::setprecision(3) << mean;
  log::write(batch ? log::Level::kInfo : log::Level::kNotice,
             "the file is encoded anew as a whole: pixels outside the mask change by " + text.str() +
                 " levels on average (--format png keeps them)");
}

void describe_result(const Result& result, JobReport& report) {
  report.forwards = result.steps;
  report.width = result.image.width;
  report.height = result.image.height;
  report.regions = result.regions;
  report.timings_ms = result.timings;
}

/// What was done before the run: it is part of the first output's work.
void add_loading(const RunningJob& job, JobReport& report) {
  for (const auto& [stage, ms] : job.loading_ms) {
    report.timings_ms[stage] += ms;
    report.timings_ms["total"] += ms;
  }
}

}  // namespace

void describe_plan(RunningJob& job) {
  const Plan& plan = job.plan;
  const Request& request = plan.request;
  JobReport& report = job.report;
  report.image = plan.image_path.string();
  if (plan.mask_from_alpha || !plan.mask_path.empty()) {
    report.mask = plan.mask_from_alpha ? "alpha" : plan.mask_path.string();
  }
  report.prompt = request.prompt;
  report.strength = request.strength;
  report.steps = request.steps;
  report.sigmas = plan_sigmas(request.steps, request.shift, request.strength, request.jump_length, request.jump_count);
  report.forwards = count_forwards(report.sigmas);
  report.model_path = plan.model.model.string();
  if (!request.image.empty()) {
    report.width = request.image.width;
    report.height = request.image.height;
  }
}

bool wants_hashes(const Plan& plan) { return plan.skip_existing || plan.metadata || !plan.replay_metadata.empty(); }

void hash_ahead(RunningJob& job) {
  if (!wants_hashes(job.plan)) return;
  job.input_hashes = ahead([&plan = job.plan] { return hash_inputs(plan); });
}

void prepare_job(Session& session, RunningJob& job) {
  Plan& plan = job.plan;
  job.report.model = session.model();
  hash(session, job);
  job.kept.clear();
  for (std::size_t k = 0; k < plan.outputs.size(); ++k) job.kept.push_back(keep_existing(session, job, k));
  // Also where all is kept: a kill while it replaced an output leaves both.
  if (!plan.dry_run) {
    for (const fs::path& path : all_output_paths(plan)) session.clean_folder(path.parent_path());
  }
  job.first = static_cast<std::size_t>(std::find(job.kept.begin(), job.kept.end(), false) - job.kept.begin());
  if (job.all_kept() && !plan.dry_run) return;
  if (plan.request.image.empty()) read_inputs(plan);
  plan.request.rows_near_only = keeps_coefficients(plan) || in_own_colors(plan);
  describe_plan(job);
  choose_strategy(plan, session.inpainter(), job.report);
  check_size(plan, session.inpainter());
  job.report.regions = session.inpainter().plan_regions(plan.request);
  make_working_copy(plan, in_own_colors(plan) ? &job.report.regions : nullptr);
  check_side_outputs_writable(job);
  say_regions(job.report.regions);
  say_plan(plan, job.report);
}

Result compute_output(Session& session, RunningJob& job, std::size_t k, Observer& observer) {
  job.plan.request.seed = job.plan.outputs[k].seed;
  Result result = session.inpainter().run(job.plan.request, observer);
  log::info(std::to_string(result.prompt_tokens) + " prompt tokens");
  if (observer.cancelled()) throw Error(ErrorCode::kInterrupted, "interrupted");
  return result;
}

JobReport finish_output(Session& session, const RunningJob& job, std::size_t k, const Result& result, double compute_ms,
                        Reporter& reporter) {
  const Stopwatch writing;
  const Plan& plan = job.plan;
  const PlannedOutput& output = plan.outputs[k];
  JobReport report = job.report;
  report.seed = output.seed;
  describe_result(result, report);
  if (plan.batch) make_folders(plan);
  if (k == job.first) write_side_outputs(job, result);
  ComparedResult compared(plan, result, session.model(), making_of(session, job, k), output.seed);
  const EncodedResult& encoded = compared.encoded();
  if (!output.latents_path.empty()) {
    write_file_atomically(output.latents_path, encode_latents(result.latents), plan.overwrite);
  }
  if (output.path.empty()) {
    reporter.picture(encoded.bytes);
  } else {
    write_file_atomically(output.path, encoded.bytes, plan.overwrite);
  }
  const Difference difference = compared.difference();
  report.changed_pixels = difference.changed_pixels;
  report.max_change_outside_mask = difference.max_change_outside_mask;
  if (encoded.turned) report.mean_change_outside_mask = difference.mean_change_outside_mask;
  if (encoded.encoded_whole) say_mean_change(difference.mean_change_outside_mask, plan.batch, report);
  report.timings_ms["write"] = writing.ms();
  report.timings_ms["total"] = compute_ms + writing.ms();
  if (k == job.first) add_loading(job, report);
  report.output = output.path;
  report.status = "ok";
  report.golden = check_planned_golden(plan, output, encoded.bytes);
  judge_golden(plan, report);
  reporter.job(report);
  return report;
}

JobReport report_unmade(const RunningJob& job, std::size_t k, Reporter& reporter) {
  JobReport report = job.report;
  report.seed = job.plan.outputs[k].seed;
  report.output = job.plan.outputs[k].path;
  report.status = job.kept[k] ? "skipped" : "planned";
  if (job.kept[k] && !job.plan.dry_run) {
    const auto level = job.plan.batch ? log::Level::kInfo : log::Level::kNotice;
    log::write(level, "skipped: " + printable(report.output->string()) + " is there");
  }
  const PlannedOutput& output = job.plan.outputs[k];
  if (job.kept[k] && !job.plan.dry_run && !output.golden.empty()) {
    report.golden = check_planned_golden(job.plan, output, read_bytes(output.path, SIZE_MAX - 1, ErrorCode::kInput));
    judge_golden(job.plan, report);
  }
  reporter.job(report);
  return report;
}

}  // namespace zimage::app
