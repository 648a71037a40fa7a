#include "app/run_inpaint.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "app/encode_result.h"
#include "app/existing.h"
#include "app/golden_plan.h"
#include "app/latents_file.h"
#include "app/metadata.h"
#include "app/naming.h"
#include "app/outputs.h"
#include "app/replay.h"
#include "app/text.h"
#include "conditioning/canvas.h"
#include "conditioning/mask.h"
#include "core/log.h"
#include "io/atomic_file.h"
#include "io/regular_file.h"

namespace zimage::app {
namespace fs = std::filesystem;
using nlohmann::ordered_json;
namespace {

class Stopwatch {
 public:
  double ms() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

std::string size_text(int width, int height) { return std::to_string(width) + "x" + std::to_string(height); }

/// What is known before the model is.
void describe_plan(const Plan& plan, JobReport& job) {
  const Request& request = plan.request;
  job.image = plan.image_path.string();
  if (plan.mask_from_alpha || !plan.mask_path.empty()) {
    job.mask = plan.mask_from_alpha ? "alpha" : plan.mask_path.string();
  }
  job.prompt = request.prompt;
  job.strength = request.strength;
  job.steps = request.steps;
  job.sigmas = plan_sigmas(request.steps, request.shift, request.strength, request.jump_length, request.jump_count);
  job.forwards = count_forwards(job.sigmas);
  job.width = request.image.width;
  job.height = request.image.height;
  job.model_path = plan.model.model.string();
}

void say_model(const ModelInfo& model) {
  if (model.demo) {
    // A warning, so that --quiet doesn't hide it: nobody should take the toy for the product.
    log::warning("this is the bundled demo model, a toy" +
                 std::string(model.random_weights ? " with random weights: the repainted part is noise" : "") +
                 "; --model gives a real one");
  } else if (model.random_weights) {
    log::warning("the weights of this model are random: the repainted part is noise");
  }
  log::info("model " + printable(model.name) + ": " + std::to_string(model.dit_layers) + " layers, width " +
            std::to_string(model.dit_dim) + ", " + std::to_string(model.parameters) + " parameters; device " +
            model.device + ", dtype " + model.dtype);
  for (const fs::path& file : model.files) log::debug("model file " + printable(file.string()));
}

void say_plan(const Plan& plan, const JobReport& job) {
  std::ostringstream sigmas;
  for (const double sigma : job.sigmas) sigmas << ' ' << sigma;
  log::info("sigmas" + sigmas.str());
  const Request& request = plan.request;
  const std::string forwards = std::to_string(*job.forwards) + (*job.forwards == 1 ? " forward" : " forwards") +
                               (request.guidance_scale != 1.0 ? ", twice each for guidance" : "");
  const bool fewer = request.strength < 1.0;
  const std::string strength = fewer ? "strength " + ordered_json(request.strength).dump() + " leaves " : "";
  log::write(fewer ? log::Level::kNotice : log::Level::kInfo, strength + forwards);
  if (!plan.seed_given) log::notice("seed " + std::to_string(request.seed) + " (random)");
}

void choose_strategy(const Plan& plan, const Inpainter& inpainter, JobReport& job) {
  const StrategyChoice choice = inpainter.choose_strategy(plan.request);
  job.strategy = choice.name;
  job.strategy_reason = choice.reason;
  log::info("strategy " + choice.name + ": " + choice.reason);
  const ModelInfo& model = inpainter.info();
  if (model.controlnet.empty()) return;
  const auto& given = plan.request.control_scale;
  const double scale = given.value_or(model.control_scale);
  job.control_scale = scale;
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

std::string region_text(const WorkingRegion& region) {
  std::string text =
      size_text(region.width, region.height) + " at " + std::to_string(region.x) + "," + std::to_string(region.y);
  if (region.resized()) text += ", worked on at " + size_text(region.working_width, region.working_height);
  return text;
}

void say_regions(const std::vector<WorkingRegion>& regions) {
  if (regions.size() > 1) {
    log::notice("the mask's parts lie far apart: " + std::to_string(regions.size()) + " regions, one by one");
  }
  for (const WorkingRegion& region : regions) log::info("region " + region_text(region));
}

/// One run: what stays the same from picture to picture.
class Run {
 public:
  Run(Plan& plan, Observer& observer, Reporter& reporter, JobReport& job)
      : plan_(plan), observer_(observer), reporter_(reporter), job_(job) {}

  void all();

 private:
  void plan_only(const ModelInfo& model);
  void hash(const ModelInfo& model);
  bool keep_existing(const PlannedOutput& output, const ordered_json& making);
  void one(Inpainter& inpainter, const PlannedOutput& output);
  void write_side_outputs(const Result& result);
  void write_result(const Result& result, const PlannedOutput& output, const ordered_json& making);
  void report(JobReport& job);
  void describe_result(const Result& result);
  fs::path crop_path(std::size_t k) const;
  void check_crops_writable() const;
  void stop_if_cancelled() const {
    if (observer_.cancelled()) throw Error(ErrorCode::kInterrupted, "interrupted");
  }

  Plan& plan_;
  Observer& observer_;
  Reporter& reporter_;
  JobReport& job_;
  ordered_json hashes_;
  bool side_outputs_written_ = false;
  std::vector<GoldenResult> golden_failures_;
  std::optional<Error> last_golden_error_;
};

void Run::all() {
  describe_plan(plan_, job_);
  Inpainter inpainter(plan_.model, plan_.compute);
  const ModelInfo& model = inpainter.info();
  job_.model = model;
  say_model(model);
  choose_strategy(plan_, inpainter, job_);
  check_size(plan_, inpainter);
  job_.regions = inpainter.plan_regions(plan_.request);
  check_crops_writable();
  say_regions(job_.regions);
  say_plan(plan_, job_);
  hash(model);
  if (plan_.dry_run) return plan_only(model);
  std::set<fs::path> folders;
  for (const fs::path& path : all_output_paths(plan_)) folders.insert(path.parent_path());
  for (const fs::path& folder : folders) io::remove_stale_temporaries(folder.empty() ? "." : folder);
  for (const PlannedOutput& output : plan_.outputs) one(inpainter, output);
  finish_goldens(golden_failures_, last_golden_error_);
}

/// Tells of a job that is through.
void Run::report(JobReport& job) {
  if (const auto error = judge_golden(plan_, job)) {
    golden_failures_.push_back(*job.golden);
    last_golden_error_ = error;
  }
  reporter_.job(job);
}

void Run::hash(const ModelInfo& model) {
  const bool needed = plan_.skip_existing || !plan_.replay_metadata.empty() ||
                      (plan_.metadata && plan_.format == io::ImageFormat::kPng);
  if (!needed) return;
  hashes_ = hash_inputs(plan_, model);
  for (const std::string& change : changed_inputs(plan_.replay_metadata, hashes_)) log::warning(change);
}

void Run::plan_only(const ModelInfo& model) {
  for (const PlannedOutput& output : plan_.outputs) {
    job_.output = output.path;
    job_.seed = output.seed;
    job_.status = "planned";
    if (keep_existing(output, describe_making(plan_, output.seed, model, hashes_))) job_.status = "skipped";
    reporter_.job(job_);
  }
}

bool Run::keep_existing(const PlannedOutput& output, const ordered_json& making) {
  if (!plan_.skip_existing || output.path.empty()) return false;
  const Existing existing = judge_existing(output.path, making, !plan_.seed_given);
  if (existing == Existing::kNone) return false;
  if (existing == Existing::kSame) return true;
  const std::string what = existing == Existing::kOther ? " was made with other parameters" : " is not a whole picture";
  if (!plan_.overwrite) {
    throw Error(ErrorCode::kUsage, output.path.string() + " exists, but" + what, "add --overwrite to replace it");
  }
  log::notice(printable(output.path.string()) + what + ": made again");
  return false;
}

void Run::one(Inpainter& inpainter, const PlannedOutput& output) {
  const Stopwatch total;
  job_.seed = output.seed;
  job_.output.reset();
  const ordered_json making = describe_making(plan_, output.seed, inpainter.info(), hashes_);
  if (keep_existing(output, making)) {
    log::notice("skipped: " + printable(output.path.string()) + " is there");
    JobReport skipped = job_;
    skipped.status = "skipped";
    skipped.output = output.path;
    if (!output.golden.empty()) {
      const auto bytes = io::read_bytes(output.path, SIZE_MAX - 1, ErrorCode::kInput);
      skipped.golden = check_planned_golden(plan_, output, bytes);
    }
    return report(skipped);
  }
  if (plan_.skip_existing) {
    for (const fs::path& path : {plan_.save_mask, plan_.save_crop, output.latents_path}) {
      if (!path.empty() && !side_outputs_written_) io::check_writable(path, plan_.overwrite);
    }
  }
  plan_.request.seed = output.seed;
  const Result result = inpainter.run(plan_.request, observer_);
  describe_result(result);
  stop_if_cancelled();
  const Stopwatch writing;
  write_side_outputs(result);
  write_result(result, output, making);
  JobReport done = job_;
  done.timings_ms["write"] = writing.ms();
  done.timings_ms["total"] = total.ms();
  done.output = output.path;
  done.status = "ok";
  report(done);
}

void Run::describe_result(const Result& result) {
  job_.forwards = result.steps;
  job_.width = result.image.width;
  job_.height = result.image.height;
  job_.regions = result.regions;
  job_.changed_pixels = result.changed_pixels;
  job_.max_change_outside_mask = result.max_change_outside_mask;
  job_.timings_ms = result.timings;
  log::info(std::to_string(result.prompt_tokens) + " prompt tokens");
}

/// Where the picture of region `k` goes.
fs::path Run::crop_path(std::size_t k) const {
  return job_.regions.size() == 1 ? plan_.save_crop : numbered(plan_.save_crop, static_cast<int>(k));
}

/// How many there are is known only now.
void Run::check_crops_writable() const {
  if (plan_.save_crop.empty() || job_.regions.size() == 1 || plan_.skip_existing) return;
  for (std::size_t k = 0; k < job_.regions.size(); ++k) io::check_writable(crop_path(k), plan_.overwrite);
}

/// The mask and the working regions are the same for every picture of a job.
void Run::write_side_outputs(const Result& result) {
  if (side_outputs_written_) return;
  if (!plan_.save_mask.empty()) {
    io::write_file_atomically(plan_.save_mask, io::encode_image(mask_to_image(result.effective_mask), {}),
                              plan_.overwrite);
  }
  if (!plan_.save_crop.empty()) {
    for (std::size_t k = 0; k < result.regions.size(); ++k) {
      const Image crop = crop_image(plan_.request.image, box_of(result.regions[k]));
      io::write_file_atomically(crop_path(k), io::encode_image(crop, {}), plan_.overwrite);
    }
  }
  side_outputs_written_ = true;
}

void Run::write_result(const Result& result, const PlannedOutput& output, const ordered_json& making) {
  const EncodedResult encoded = encode_result(plan_, result, *job_.model, making, output.seed);
  job_.changed_pixels = encoded.difference.changed_pixels;
  job_.max_change_outside_mask = encoded.difference.max_change_outside_mask;
  if (!output.latents_path.empty()) {
    io::write_file_atomically(output.latents_path, encode_latents(result.latents), plan_.overwrite);
  }
  if (output.path.empty()) {
    reporter_.picture(encoded.bytes);
  } else {
    io::write_file_atomically(output.path, encoded.bytes, plan_.overwrite);
  }
  job_.golden = check_planned_golden(plan_, output, encoded.bytes);
}

}  // namespace

void run_inpaint(Plan& plan, Observer& observer, Reporter& reporter, JobReport& job) {
  Run(plan, observer, reporter, job).all();
}

}  // namespace zimage::app
