#include <cstdlib>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "app/batch/batch.h"
#include "app/batch/claims.h"
#include "app/batch/manifest.h"
#include "app/job/interrupt.h"
#include "app/job/naming.h"
#include "app/job/outputs.h"
#include "app/job/resolve.h"
#include "app/options/available.h"
#include "app/options/binding.h"
#include "base/log.h"
#include "base/text.h"
#include "codecs/image_file.h"

namespace zimage::app {
namespace fs = std::filesystem;
namespace {

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return !path.empty() && fs::is_directory(path, ignored);
}

void check_combinations(const Settings& settings) {
  const bool manifest = settings.has("manifest");
  if (settings.text("output") == "-") {
    throw Error(ErrorCode::kUsage, "--output - takes one picture, but this is a batch", "give --output a folder");
  }
  if (settings.has("replay")) {
    throw Error(ErrorCode::kUsage, "--replay repeats one picture's run, but this is a batch", "leave out --replay");
  }
  if (manifest && settings.text("image") == "-") {
    throw Error(ErrorCode::kUsage, "--image - is one picture from stdin, but this is a batch", "leave one out");
  }
  if (manifest && is_folder(settings.text("image"))) {
    throw Error(ErrorCode::kUsage, "--manifest and a folder as --image are two lists of jobs", "leave one out");
  }
  if (manifest && is_folder(mask_path(settings.text("mask")).string())) {
    throw Error(ErrorCode::kUsage, "a folder as --mask needs a folder as --image", "name each mask in the manifest");
  }
  if (is_folder(settings.text("control-image"))) {
    throw Error(ErrorCode::kUsage, "--control-image takes one file", "give each job its own in a --manifest");
  }
  std::error_code ignored;
  const fs::path golden = settings.text("golden");
  if (!golden.empty() && fs::exists(golden, ignored) && !fs::is_directory(golden, ignored)) {
    throw Error(ErrorCode::kUsage, "--golden " + golden.string() + " is a file, but this is a batch",
                "give a folder with the same tree as the results");
  }
  const fs::path output = settings.text("output");
  if (!output.empty() && fs::exists(output, ignored) && !fs::is_directory(output, ignored)) {
    throw Error(ErrorCode::kUsage, "--output " + output.string() + " is a file, but this is a batch", "give a folder");
  }
  const fs::path preview = settings.text("preview");
  const bool file = preview.extension() == ".png" && !fs::is_directory(preview, ignored);
  if (file || (fs::exists(preview, ignored) && !fs::is_directory(preview, ignored))) {
    throw Error(ErrorCode::kUsage, "--preview " + preview.string() + " is a file, but this is a batch",
                "give a folder");
  }
}

/// Checks options that name one file, where a folder of pictures is given. Errors: kUsage.
void check_one_file_options(const Settings& settings) {
  for (const char* option : {"save-mask", "save-crop", "save-latents"}) {
    if (settings.text(option).empty()) continue;
    throw Error(ErrorCode::kUsage, concat({"--", option, " takes one picture, but --image is a folder"}),
                concat({"list the jobs in a --manifest, each with its own ", option,
                        ", or look at the masks with --preview FOLDER"}));
  }
}

/// Checks that what is drawn goes to a folder, and to none whose files the next run would read. Errors: kUsage.
void check_drawn_elsewhere(const Settings& settings) {
  for (const char* option : {"preview", "save-previews"}) {
    const fs::path folder = settings.text(option);
    if (folder.empty()) continue;
    std::error_code ignored;
    if (folder == "-" || (fs::exists(folder, ignored) && !fs::is_directory(folder, ignored))) {
      throw Error(ErrorCode::kUsage, concat({"--", option, " ", folder.string(), " is no folder, but this is a batch"}),
                  "give a folder");
    }
    const auto is_same = [&](const fs::path& read) { return is_folder(read) && identity(read) == identity(folder); };
    const bool pictures = is_same(settings.text("image"));
    if (!pictures && !is_same(mask_path(settings.text("mask")))) continue;
    throw Error(
        ErrorCode::kUsage,
        concat({"--", option, " ", folder.string(), " is the folder that ", pictures ? "--image" : "--mask", " reads"}),
        concat({"give --", option, " another folder"}));
  }
}

/// Draws jobs whose previews would have one name under whole names, as in "a.jpg.png".
void keep_previews_apart(std::vector<Job>& jobs) {
  const auto is_shared = [](const Job& job) {
    return !job.error && job.settings.has("preview") && !job.settings.given_by("preview", Source::kJob);
  };
  std::map<fs::path, int> count;
  for (const Job& job : jobs) {
    if (is_shared(job)) ++count[shared_preview_path(job.settings, job.subfolder)];
  }
  for (Job& job : jobs) {
    if (!is_shared(job)) continue;
    const fs::path path = shared_preview_path(job.settings, job.subfolder);
    fs::path name = preview_source(job.settings).filename();
    if (count[path] < 2 || name.extension() == ".png") continue;
    name += ".png";
    job.settings.set("preview", {(path.parent_path() / name).string()}, Source::kJob);
  }
}

/// Returns what to do about a path that another job has too.
std::string advice(const Job& job, const OutputPlan& outputs, const fs::path& path) {
  const bool manifest = job.settings.has("manifest");
  if (outputs.preview && path == outputs.results.front().path) {
    return manifest ? "give each job an output of another name, or its own preview"
                    : "rename a picture: --preview names its files after them";
  }
  for (const PlannedOutput& output : outputs.results) {
    if (output.steps_path.empty() || path != step_path(output.steps_path, 1, 1)) continue;
    return manifest ? "give each job an output of another name, or its own save-previews"
                    : "rename a picture: --save-previews names its files after them";
  }
  for (const char* option : {"save-mask", "save-crop", "save-latents"}) {
    if (path == fs::path(job.settings.text(option))) return concat({"give each job its own ", option});
  }
  return "give them different names";
}

/// Checks that no two jobs write the same file, as far as that is known before they are resolved. Errors: kInput.
void check_collisions(const std::vector<Job>& jobs) {
  Claims claims;
  for (const Job& job : jobs) {
    if (job.error) continue;
    OutputPlan outputs;
    try {
      outputs = plan_outputs(job.settings,
                             {.batch = true, .folder = job.folder, .subfolder = job.subfolder, .random_seed = 0});
    } catch (const Error&) {
      continue;  // reported when its turn comes
    }
    for (const fs::path& path : all_output_paths(outputs)) {
      try {
        claims.take(job.name, {path});
      } catch (const Error& e) {
        throw Error(e.code(), e.message(), advice(job, outputs, path));
      }
    }
  }
}

/// Returns the root of a batch's output tree: the folder given by -o, else the picture folder's default, of which a
/// manifest has none; that of --preview if nothing else is written.
fs::path output_root(const Settings& settings) {
  if (settings.has("preview")) return settings.text("preview");
  const std::string output = settings.text("output");
  const bool by_picture = output.empty() && !settings.has("manifest");
  return by_picture ? default_output_folder(settings.text("image")) : fs::path(output);
}

}  // namespace

bool is_batch(const Settings& settings) {
  const std::string image = settings.text("image");
  return settings.has("manifest") || (image != "-" && is_folder(image));
}

BatchPlan resolve_batch(const Settings& given) {
  given.check_values();
  check_available(given);
  check_combinations(given);
  if (!given.has("manifest")) check_one_file_options(given);
  check_drawn_elsewhere(given);
  BatchPlan plan;
  plan.stop = std::make_shared<std::atomic<bool>>(false);
  if (given.has("shard"))
    plan.shard = parse_shard(given.text("shard"), [](const char* name) { return std::getenv(name); });
  plan.fail_fast = given.flag("fail-fast");
  plan.dry_run = given.flag("dry-run");
  plan.batch_size = static_cast<std::size_t>(given.integer("batch-size"));
  // 32 bits are enough for seeds to differ, and easy to note down.
  plan.random_seed = std::random_device{}();
  plan.random_seed_needed = !given.has("seed") && !given.has("preview");
  JobSpec common;
  bind_options(given, common);
  check_device(common.compute.device);
  check_model(common);
  plan.model = common.model;
  plan.compute = common.compute;
  plan.output = output_root(given);
  if (!given.has("manifest")) {
    std::vector<Job> jobs = list_folder_jobs(given, plan.output);
    keep_previews_apart(jobs);
    plan.jobs = make_job_list(std::move(jobs));
  } else if (given.text("manifest") == "-") {
    plan.jobs = make_stdin_jobs(given, [stop = plan.stop] { return stop->load() || interrupted(); });
  } else {
    std::vector<Job> jobs = list_manifest_jobs(given.text("manifest"), given);
    keep_previews_apart(jobs);
    plan.jobs = make_job_list(std::move(jobs));
  }
  if (const auto* jobs = plan.jobs->all()) check_collisions(*jobs);
  return plan;
}

}  // namespace zimage::app
