#include "app/job/outputs.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "app/job/golden_plan.h"
#include "app/job/naming.h"
#include "app/options/available.h"
#include "base/atomic_file.h"
#include "base/log.h"
#include "base/text.h"

namespace zimage::app {
namespace fs = std::filesystem;
namespace {

/// Returns the path of a --save-… option, which must have `ending` or none. Errors: kUsage.
fs::path side_output(const Settings& settings, const std::string& option, const std::string& ending) {
  const fs::path path = settings.text(option);
  if (path.empty()) return path;
  if (path == "-") throw Error(ErrorCode::kUsage, "--" + option + " - : stdout takes only a result", "give a file");
  std::error_code ignored;
  if (!path.has_filename() || fs::is_directory(path, ignored)) {
    throw Error(ErrorCode::kUsage, "--" + option + " " + path.string() + " is a folder", "give a file");
  }
  const std::string given = lower(path.extension().string());
  if (!given.empty() && given != ending) {
    throw Error(ErrorCode::kUsage, "--" + option + " writes " + ending + ", not " + given, "end the name in " + ending);
  }
  return path;
}

/// Checks that no folder of steps is in the place of a file: one that is there, or one of `written`. Errors: kUsage.
void check_steps_folders(const OutputPlan& outputs, const std::set<fs::path>& written) {
  for (const PlannedOutput& output : outputs.results) {
    if (output.steps_path.empty()) continue;
    const fs::path folder = output.steps_path.parent_path();
    std::error_code ignored;
    const bool file = fs::exists(folder, ignored) && !fs::is_directory(folder, ignored);
    if (!file && !written.contains(identity(folder))) continue;
    throw Error(
        ErrorCode::kUsage,
        concat({"--save-previews writes into a folder, but ", folder.string(), file ? " is a file" : " is an output"}),
        "give --save-previews another folder");
  }
}

void check_collisions(const OutputPlan& outputs) {
  std::set<fs::path> seen;
  for (const fs::path& path : all_output_paths(outputs)) {
    if (!seen.insert(identity(path)).second) {
      throw Error(ErrorCode::kUsage, "two outputs would be written to " + path.string(), "give them different names");
    }
  }
  check_steps_folders(outputs, seen);
  for (const PlannedOutput& output : outputs.results) {
    if (output.golden.empty() || !seen.contains(identity(output.golden))) continue;
    throw Error(ErrorCode::kUsage, output.golden.string() + " is both the golden picture and an output",
                "give them different names");
  }
}

/// Checks that no output would replace a file that the job reads. A result may take the place of its own picture, and
/// of the result that is replayed. Errors: kUsage.
void check_inputs_stay(const Settings& settings, const OutputPlan& outputs) {
  const std::set<std::string> written{"output",        "save-mask", "save-crop", "save-latents", "preview",
                                      "save-previews", "golden",    "report",    "log-file"};
  const std::vector<fs::path> paths = all_output_paths(outputs);
  for (const OptionSpec& option : settings.options()) {
    if (!option.path || written.contains(option.name)) continue;
    const bool replaced =
        !outputs.preview && (option.name == std::string_view("image") || option.name == std::string_view("replay"));
    for (const std::string& value : settings.list(option.name)) {
      const fs::path input = path_in(option, value);
      if (input.empty()) continue;
      for (const fs::path& path : paths) {
        const auto is_path = [&](const PlannedOutput& output) { return output.path == path; };
        if (replaced && std::any_of(outputs.results.begin(), outputs.results.end(), is_path)) continue;
        std::error_code ignored;
        if (!fs::equivalent(input, path, ignored)) continue;
        throw Error(ErrorCode::kUsage,
                    concat({"the output ", path.string(), " would replace the file of --", option.name}),
                    "give the output another path");
      }
    }
  }
}

/// Returns whether a path is that of a step's preview.
bool is_of_steps(const OutputPlan& outputs, const fs::path& path) {
  return std::any_of(outputs.results.begin(), outputs.results.end(), [&](const PlannedOutput& output) {
    return !output.steps_path.empty() && path == step_path(output.steps_path, 1, 1);
  });
}

void check_all_writable(const JobSpec& spec) {
  for (const fs::path& path : all_output_paths(spec.output)) {
    std::error_code ignored;
    // Whether an existing file may stay is only known once the model's files are.
    if (spec.skip_existing && fs::exists(path, ignored)) continue;
    // A batch creates the folders of its tree as it writes, and steps have a folder that is made for them.
    if (spec.batch && !fs::exists(path.parent_path().empty() ? "." : path.parent_path(), ignored)) continue;
    if (is_of_steps(spec.output, path) && !fs::exists(path.parent_path(), ignored)) {
      check_folder_writable(path.parent_path().has_parent_path() ? path.parent_path().parent_path() : ".");
      continue;
    }
    // Another run may make the file at this moment.
    check_writable(path, spec.overwrite || spec.skip_existing);
  }
}

struct NamedOutputs {
  OutputPlan plan;
  bool ending_disagrees = false;  ///< --format won over the ending of -o
};

/// Returns where --preview draws. In a batch the command line's names a folder. Errors: kUsage.
fs::path preview_path(const Settings& settings, const JobPlace& place) {
  const fs::path given = settings.text("preview");
  if (given == "-") throw Error(ErrorCode::kUsage, "--preview - : stdout takes no preview", "give a file");
  if (!place.batch || settings.given_by("preview", Source::kJob)) return side_output(settings, "preview", ".png");
  return shared_preview_path(settings, place.subfolder);
}

/// Returns where the previews of a result's steps go, without their numbers; "" if they aren't saved. Errors: kUsage.
fs::path steps_path(const Settings& settings, const JobPlace& place, const fs::path& result) {
  const fs::path folder = settings.text("save-previews");
  if (folder.empty()) return {};
  if (folder == "-") throw Error(ErrorCode::kUsage, "--save-previews - : stdout takes only a result", "give a folder");
  const fs::path source = result.empty() ? fs::path(settings.text("image")) : result;
  // In a batch a.png and a.jpg may be two jobs' results.
  fs::path name = place.batch && source.extension() != ".png" ? source.filename() : source.stem();
  if (name == "-") name = "stdin";
  name += "-step";
  return folder / place.subfolder / name;
}

/// Returns the plan of a job that draws a preview and runs nothing. Errors: kUsage.
OutputPlan plan_preview(const Settings& settings, const JobPlace& place) {
  OutputPlan plan;
  plan.preview = true;
  plan.results.push_back({.path = preview_path(settings, place), .latents_path = {}});
  plan.save_mask = side_output(settings, "save-mask", ".png");
  plan.save_crop = side_output(settings, "save-crop", ".png");
  return plan;
}

/// Names all outputs; looks at the disk only to see which paths are folders. `seed` is the first result's.
NamedOutputs name_all_outputs(const Settings& settings, const JobPlace& place, codecs::ImageFormat input_format,
                              std::uint64_t seed) {
  if (settings.has("preview")) return {.plan = plan_preview(settings, place)};
  NamingInput input;
  input.image = settings.text("image") == "-" ? "stdin" : settings.text("image");
  input.image_format = input_format;
  input.output = settings.text("output");
  input.tree_folder = place.folder;
  // On a batch's command line --output names a folder, whether it exists or not; a job's own may name a file.
  input.output_is_folder = place.batch && !input.output.empty() && !settings.given_by("output", Source::kJob);
  if (settings.has("format")) input.format = parse_format(settings.text("format"));
  input.replay = settings.has("replay");
  input.count = static_cast<int>(settings.integer("num-images"));
  const Naming naming = name_outputs(input);
  NamedOutputs named;
  named.plan.format = naming.format;
  named.ending_disagrees = naming.ending_disagrees;
  named.plan.save_mask = side_output(settings, "save-mask", ".png");
  named.plan.save_crop = side_output(settings, "save-crop", ".png");
  const fs::path latents = side_output(settings, "save-latents", ".safetensors");
  const bool several = input.count > 1 && !latents.empty();
  for (int k = 0; k < input.count; ++k) {
    const fs::path& path = naming.paths[static_cast<std::size_t>(k)];
    named.plan.results.push_back({.path = path,
                                  .seed = seed + static_cast<std::uint64_t>(k),
                                  .latents_path = several ? numbered(latents, k) : latents,
                                  .steps_path = steps_path(settings, place, path)});
  }
  return named;
}

}  // namespace

void make_folders(const OutputPlan& outputs) {
  for (const fs::path& path : all_output_paths(outputs)) {
    if (!path.has_parent_path()) continue;
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    if (error) {
      throw Error(ErrorCode::kRuntime,
                  "the folder " + path.parent_path().string() + " can't be made: " + error.message());
    }
  }
}

fs::path identity(const fs::path& path) {
  std::error_code status;
  const fs::path absolute = fs::absolute(path, status).lexically_normal();
  const fs::path known = fs::weakly_canonical(absolute, status);
  return status ? absolute : known;
}

fs::path preview_source(const Settings& settings) {
  const fs::path output = settings.given_by("output", Source::kJob) ? settings.text("output") : "";
  std::error_code ignored;
  return output.has_filename() && !fs::is_directory(output, ignored) ? output : fs::path(settings.text("image"));
}

fs::path shared_preview_path(const Settings& settings, const fs::path& subfolder) {
  fs::path name = preview_source(settings).stem();
  name += ".png";
  return settings.text("preview") / subfolder / name;
}

std::vector<fs::path> all_output_paths(const OutputPlan& outputs) {
  std::vector<fs::path> paths;
  for (const PlannedOutput& output : outputs.results) {
    for (const fs::path& path : {output.path, output.latents_path, output.difference_path}) {
      if (!path.empty()) paths.push_back(path);
    }
    // How many steps there are is known with the model; who writes the first would write the others too.
    if (!output.steps_path.empty()) paths.push_back(step_path(output.steps_path, 1, 1));
  }
  for (const fs::path& path : {outputs.save_mask, outputs.save_crop}) {
    if (!path.empty()) paths.push_back(path);
  }
  return paths;
}

OutputPlan plan_outputs(const Settings& settings, const JobPlace& place) {
  const codecs::ImageFormat format = codecs::identify_image(settings.text("image"));
  OutputPlan outputs = name_all_outputs(settings, place, format, 0).plan;
  check_collisions(outputs);
  return outputs;
}

void resolve_outputs(const Settings& settings, const JobPlace& place, JobSpec& spec) {
  NamedOutputs named = name_all_outputs(settings, place, spec.input_format, spec.seed);
  spec.output = std::move(named.plan);
  if (named.ending_disagrees) {
    log::warning(printable(spec.output.results.front().path.string()) + " will hold " +
                 codecs::to_string(spec.output.format) + ", as --format says");
  }
  if (!spec.output.preview) resolve_golden(settings, place, spec);
  check_collisions(spec.output);
  check_inputs_stay(settings, spec.output);
  check_all_writable(spec);
}

void resolve_save_mask(const Settings& settings, JobSpec& spec) {
  spec.output.save_mask = side_output(settings, "save-mask", ".png");
  if (codecs::is_written(spec.input_format)) spec.output.format = spec.input_format;
  check_inputs_stay(settings, spec.output);
  check_all_writable(spec);
}

}  // namespace zimage::app
