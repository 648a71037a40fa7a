#include <algorithm>
#include <map>
#include <utility>

#include "app/batch/job_source.h"
#include "app/job/outputs.h"
#include "app/options/special_bindings.h"
#include "base/log.h"
#include "base/text.h"
#include "codecs/image_file.h"

namespace zimage::app {
namespace fs = std::filesystem;
namespace {

class JobList final : public JobSource {
 public:
  explicit JobList(std::vector<Job> jobs) : jobs_(std::move(jobs)) {}
  std::optional<Job> next() override {
    if (place_ == jobs_.size()) return std::nullopt;
    return jobs_[place_++];
  }
  const std::vector<Job>* all() const override { return &jobs_; }

 private:
  std::vector<Job> jobs_;
  std::size_t place_ = 0;
};

/// Every picture below a folder, in the order of their names' bytes, so that every machine has the same.
std::vector<fs::path> list_pictures(const fs::path& folder, const std::vector<fs::path>& leave_out) {
  std::vector<fs::path> pictures;
  std::error_code error;
  fs::recursive_directory_iterator it(folder, error);
  for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error)) {
    const fs::path& path = it->path();
    std::error_code ignored;
    const bool hidden = path.filename().string().starts_with('.');
    if (it->is_directory(ignored)) {
      if (hidden || std::find(leave_out.begin(), leave_out.end(), identity(path)) != leave_out.end()) {
        it.disable_recursion_pending();
      }
    } else if (!hidden && codecs::format_from_name(path)) {
      pictures.push_back(path.lexically_relative(folder));
    }
  }
  if (error) throw Error(ErrorCode::kInput, "the folder " + folder.string() + " can't be read: " + error.message());
  std::sort(pictures.begin(), pictures.end(),
            [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
  return pictures;
}

std::string stem_of(const fs::path& relative) { return (relative.parent_path() / relative.stem()).generic_string(); }

/// Which mask belongs to which picture.
class Masks {
 public:
  explicit Masks(fs::path folder) : folder_(std::move(folder)) {
    for (const fs::path& path : list_pictures(folder_, {})) by_stem_[stem_of(path)].push_back(path);
  }

  /// Errors: kInput if there is none, or more than one.
  fs::path of(const fs::path& picture) {
    const std::string stem = stem_of(picture);
    used_[stem] = true;
    const auto found = by_stem_.find(stem);
    if (found == by_stem_.end()) {
      throw Error(ErrorCode::kInput, "there is no mask for it: " + (folder_ / stem).string() + ".png, or the like",
                  "add the mask, or take the picture out");
    }
    if (found->second.size() > 1) {
      throw Error(ErrorCode::kInput,
                  "two masks have its name: " + (folder_ / found->second[0]).string() + " and " +
                      (folder_ / found->second[1]).string(),
                  "leave one");
    }
    return folder_ / found->second.front();
  }

  void warn_of_unused() const {
    for (const auto& [stem, paths] : by_stem_) {
      if (used_.contains(stem)) continue;
      log::warning("the mask " + printable((folder_ / paths.front()).string()) + " has no picture");
    }
  }

 private:
  fs::path folder_;
  std::map<std::string, std::vector<fs::path>> by_stem_;
  std::map<std::string, bool> used_;
};

void check_folders(const Settings& command, const fs::path& folder) {
  std::error_code ignored;
  const std::string mask = command.text("mask");
  if (mask.empty() && !parse_borders(command.text("outpaint")).any()) {
    throw Error(ErrorCode::kUsage, "no mask is given", "give --mask a folder, a file or alpha");
  }
  if (fs::is_directory(mask, ignored) && identity(mask) == identity(folder)) {
    throw Error(ErrorCode::kUsage, "--image and --mask are the same folder", "keep pictures and masks apart");
  }
}

}  // namespace

std::unique_ptr<JobSource> make_job_list(std::vector<Job> jobs) { return std::make_unique<JobList>(std::move(jobs)); }

fs::path default_output_folder(const fs::path& folder) {
  fs::path path = folder.has_filename() ? folder : folder.parent_path();
  // "." and ".." have no name to add to.
  if (path.filename() == "." || path.filename() == "..") path = identity(path);
  fs::path name = path.filename();
  name += "-inpainted";
  return path.parent_path() / name;
}

std::vector<Job> list_folder_jobs(const Settings& command, const fs::path& output) {
  const fs::path folder = command.text("image");
  check_folders(command, folder);
  const fs::path mask = command.text("mask");
  std::error_code ignored;
  std::vector<fs::path> leave_out{identity(output)};
  std::optional<Masks> masks;
  if (fs::is_directory(mask, ignored)) {
    masks.emplace(mask);
    leave_out.push_back(identity(mask));
  }
  const bool prompted = command.has("prompt") || command.has("prompt-file");
  bool any_prompt = prompted;
  std::vector<Job> jobs;
  for (const fs::path& picture : list_pictures(folder, leave_out)) {
    Job job;
    job.index = jobs.size();
    job.name = (folder / picture).string();
    job.settings = command;
    job.settings.set("image", {job.name}, Source::kJob);
    job.subfolder = picture.parent_path();
    job.folder = output / job.subfolder;
    const fs::path text = fs::path(folder / picture).replace_extension(".txt");
    const bool own = fs::exists(text, ignored);
    if (own) job.settings.set("prompt-file", {text.string()}, Source::kJob);
    any_prompt = any_prompt || own;
    try {
      if (!own && !prompted) throw Error(ErrorCode::kInput, "there is no prompt for it: " + text.string(), "add it");
      if (masks) job.settings.set("mask", {masks->of(picture).string()}, Source::kJob);
    } catch (const Error& e) {
      job.error = e;
    }
    jobs.push_back(std::move(job));
  }
  if (jobs.empty()) {
    throw Error(ErrorCode::kInput, "there is no picture in the folder " + folder.string(), "check --image");
  }
  if (!any_prompt) {
    throw Error(ErrorCode::kUsage, "no prompt is given", "give --prompt TEXT, or a STEM.txt beside each picture");
  }
  if (masks) masks->warn_of_unused();
  return jobs;
}

}  // namespace zimage::app
