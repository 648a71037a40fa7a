#include "app/job/outputs.h"

#include <set>

#include "app/golden/golden_plan.h"
#include "app/job/naming.h"
#include "base/atomic_file.h"
#include "base/log.h"
#include "base/text.h"

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

void check_all_writable(const Plan& plan, bool batch) {
  for (const fs::path& path : all_output_paths(plan)) {
    std::error_code ignored;
    // Whether an existing one may stay is known once the model's files are.
    if (plan.skip_existing && fs::exists(path, ignored)) continue;
    // A batch makes the folders of its tree as it writes.
    if (batch && !fs::exists(path.parent_path().empty() ? "." : path.parent_path(), ignored)) continue;
    check_writable(path, plan.overwrite);
  }
}

}  // namespace

void make_folders(const Plan& plan) {
  for (const fs::path& path : all_output_paths(plan)) {
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

void warn_about_losses(const Plan& plan) {
  const Image& picture = plan.original();
  if (plan.format == codecs::ImageFormat::kJpeg && picture.has_alpha()) {
    log::warning("JPEG has no transparency: the picture's is lost (--format png keeps it)");
  }
  const bool deep = plan.format == codecs::ImageFormat::kPng || plan.format == codecs::ImageFormat::kTiff;
  if (!deep && picture.bit_depth == 16) {
    log::warning("the picture has 16 bits a sample, and the result will have 8 (--format png or tiff keeps them)");
  }
  const codecs::Carried& carried = plan.source.carried;
  if (plan.format == codecs::ImageFormat::kBmp && (!carried.exif.empty() || !carried.xmp.empty())) {
    log::notice("BMP has no place for EXIF and XMP: the picture's are lost (--format png or tiff keeps them)");
  }
  if (plan.format == codecs::ImageFormat::kJpeg || (plan.format == codecs::ImageFormat::kWebp && plan.quality > 0)) {
    log::info("the output format is lossy: kept pixels change as it encodes them (--format png keeps them exactly)");
  }
}

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

namespace {

/// Everything of resolve_outputs() that looks at no file. Whether --format won over the ending of -o.
bool name_all_outputs(const Settings& settings, const JobPlace& place, Plan& plan) {
  NamingInput input;
  input.image = plan.image_path;
  input.image_format = plan.input_format;
  input.output = settings.text("output");
  input.tree_folder = place.folder;
  // What a batch's command line names is a folder, there or not; a job's own may be a file.
  input.output_is_folder = place.batch && !input.output.empty() && !settings.given_by("output", Source::kJob);
  if (settings.has("format")) input.format = parse_format(settings.text("format"));
  input.replay = settings.has("replay");
  input.count = static_cast<int>(settings.integer("num-images"));
  const Naming naming = name_outputs(input);
  plan.format = naming.format;
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
  return naming.ending_disagrees;
}

}  // namespace

Plan plan_outputs(const Settings& settings, const JobPlace& place) {
  Plan plan;
  plan.image_path = settings.text("image");
  plan.input_format = codecs::identify_image(plan.image_path);
  name_all_outputs(settings, place, plan);
  check_collisions(plan);
  return plan;
}

void resolve_outputs(const Settings& settings, const JobPlace& place, Plan& plan) {
  if (name_all_outputs(settings, place, plan)) {
    log::warning(printable(plan.outputs.front().path.string()) + " will hold " + codecs::to_string(plan.format) +
                 ", as --format says");
  }
  plan.quality = settings.has("quality") ? static_cast<int>(settings.integer("quality")) : 0;
  plan.overwrite = settings.flag("overwrite");
  plan.skip_existing = settings.flag("skip-existing");
  plan.metadata = !settings.flag("no-metadata");
  resolve_golden(settings, place, plan);
  check_collisions(plan);
  check_all_writable(plan, place.batch);
}

}  // namespace zimage::app
