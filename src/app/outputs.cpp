#include "app/outputs.h"

#include <set>

#include "app/golden_plan.h"
#include "app/naming.h"
#include "app/text.h"
#include "core/log.h"
#include "io/atomic_file.h"

namespace zimage::app {
namespace fs = std::filesystem;
namespace {

/// A --save-… path: its ending must be the one of the format that is written there.
fs::path side_output(const Settings& settings, const std::string& option, const std::string& ending) {
  const fs::path path = settings.text(option);
  if (path.empty()) return path;
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

/// One name for a file however its path is written.
fs::path identity(const fs::path& path) {
  std::error_code status;
  const fs::path absolute = fs::absolute(path, status).lexically_normal();
  const fs::path known = fs::weakly_canonical(absolute, status);
  return status ? absolute : known;
}

void check_collisions(const Plan& plan) {
  std::set<fs::path> seen;
  for (const fs::path& path : all_output_paths(plan)) {
    if (!seen.insert(identity(path)).second) {
      throw Error(ErrorCode::kUsage, "two outputs would be written to " + path.string(), "give them different names");
    }
  }
  for (const PlannedOutput& output : plan.outputs) {
    if (output.golden.empty() || !seen.contains(identity(output.golden))) continue;
    throw Error(ErrorCode::kUsage, output.golden.string() + " is the golden picture and an output",
                "give them different names");
  }
}

void check_all_writable(const Plan& plan) {
  for (const fs::path& path : all_output_paths(plan)) {
    std::error_code ignored;
    // Whether an existing one may stay is known once the model's files are.
    if (plan.skip_existing && fs::exists(path, ignored)) continue;
    io::check_writable(path, plan.overwrite);
  }
}

void warn_about_losses(const Plan& plan) {
  const Image& picture = plan.request.image;
  if (plan.format == io::ImageFormat::kJpeg && picture.has_alpha()) {
    log::warning("JPEG has no transparency: the picture's is lost (--format png keeps it)");
  }
  if (plan.format != io::ImageFormat::kPng && picture.bit_depth == 16) {
    log::warning("the picture has 16 bits a sample, and the result will have 8 (--format png keeps them)");
  }
  if (plan.format == io::ImageFormat::kJpeg || (plan.format == io::ImageFormat::kWebp && plan.quality > 0)) {
    log::info("the output format is lossy: kept pixels change as it encodes them (--format png keeps them exactly)");
  }
}

}  // namespace

std::vector<fs::path> all_output_paths(const Plan& plan) {
  std::vector<fs::path> paths;
  for (const PlannedOutput& output : plan.outputs) {
    if (!output.path.empty()) paths.push_back(output.path);
    if (!output.latents_path.empty()) paths.push_back(output.latents_path);
    if (!output.difference_path.empty()) paths.push_back(output.difference_path);
  }
  for (const fs::path& path : {plan.save_mask, plan.save_crop}) {
    if (!path.empty()) paths.push_back(path);
  }
  return paths;
}

void resolve_outputs(const Settings& settings, Plan& plan) {
  NamingInput input;
  input.image = plan.image_path;
  input.image_format = plan.input_format;
  input.output = settings.text("output");
  if (settings.has("format")) input.format = parse_format(settings.text("format"));
  input.replay = settings.has("replay");
  input.count = static_cast<int>(settings.integer("num-images"));
  const Naming naming = name_outputs(input);
  if (naming.ending_disagrees) {
    log::warning(printable(naming.paths.front().string()) + " will hold " + io::to_string(naming.format) +
                 ", as --format says");
  }
  plan.format = naming.format;
  plan.quality = settings.has("quality") ? static_cast<int>(settings.integer("quality")) : 0;
  plan.overwrite = settings.flag("overwrite");
  plan.skip_existing = settings.flag("skip-existing");
  plan.metadata = !settings.flag("no-metadata");
  plan.save_mask = side_output(settings, "save-mask", ".png");
  plan.save_crop = side_output(settings, "save-crop", ".png");
  const fs::path latents = side_output(settings, "save-latents", ".safetensors");
  plan.request.keep_latents = !latents.empty();
  for (int k = 0; k < input.count; ++k) {
    const bool several = input.count > 1 && !latents.empty();
    plan.outputs.push_back({naming.paths[static_cast<std::size_t>(k)],
                            plan.request.seed + static_cast<std::uint64_t>(k),
                            several ? numbered(latents, k) : latents,
                            {},
                            {}});
  }
  resolve_golden(settings, plan);
  check_collisions(plan);
  check_all_writable(plan);
  warn_about_losses(plan);
}

}  // namespace zimage::app
