#include <algorithm>
#include <map>
#include <utility>

#include "app/batch/job_source.h"
#include "app/job/outputs.h"
#include "app/options/mask_source.h"
#include "app/options/special_bindings.h"
#include "base/file_name.h"
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

bool is_picture(const fs::path& path) { return codecs::format_from_name(path).has_value(); }
bool is_annotation(const fs::path& path) { return lower(path.extension().string()) == ".json"; }
bool is_mask(const fs::path& path) { return is_picture(path) || is_annotation(path); }
using IsListed = bool (*)(const fs::path&);

/// The pictures (or masks) below a folder, and the folders in it that can't be read.
struct Listing {
  struct Unreadable {
    fs::path folder;
    Error error;
  };
  std::vector<fs::path> pictures;  ///< relative to the folder
  std::vector<Unreadable> unreadable;
};

/// Adds what is in `folder` / `part`. A part that has disappeared meanwhile is no error.
void list_part(const fs::path& folder, const fs::path& part, const std::vector<fs::path>& leave_out, IsListed is_listed,
               Listing& listing) {
  std::error_code error;
  std::vector<fs::path> parts;
  for (fs::directory_iterator it(folder / part, error), end; !error && it != end; it.increment(error)) {
    const fs::path& path = it->path();
    if (path.filename().native().starts_with('.')) continue;
    std::error_code ignored;
    const fs::path relative = part / path.filename();
    if (!it->is_directory(ignored)) {
      if (is_listed(path)) listing.pictures.push_back(relative);
      continue;
    }
    // Links to folders aren't followed: they could lead back to where they are.
    const bool left_out = std::find(leave_out.begin(), leave_out.end(), identity(path)) != leave_out.end();
    if (!it->is_symlink(ignored) && !left_out) parts.push_back(relative);
  }
  if (error && !(error == std::errc::no_such_file_or_directory && !part.empty())) {
    const fs::path whole = part.empty() ? folder : folder / part;
    listing.unreadable.push_back(
        {whole, Error(ErrorCode::kInput, whole.string() + " is a folder that can't be read: " + error.message(),
                      "look at its permissions")});
  }
  for (const fs::path& relative : parts) list_part(folder, relative, leave_out, is_listed, listing);
}

/// Lists a folder in the order of the names' bytes, so that every machine has the same. Errors: kInput if the folder
/// itself can't be read.
Listing list_folder(const fs::path& folder, const std::vector<fs::path>& leave_out, IsListed is_listed) {
  Listing listing;
  list_part(folder, {}, leave_out, is_listed, listing);
  if (listing.pictures.empty() && !listing.unreadable.empty()) throw Error(listing.unreadable.front().error);
  std::sort(listing.pictures.begin(), listing.pictures.end(),
            [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
  return listing;
}

/// Returns what a picture and its mask have in common: the path without its ending, in one Unicode form.
std::string stem_of(const fs::path& relative) {
  return composed_name((relative.parent_path() / relative.stem()).generic_string());
}

bool same_bytes(const fs::path& a, const fs::path& b) {
  return a.parent_path() / a.stem() == b.parent_path() / b.stem();
}

/// Which mask belongs to which picture. Beside the pictures themselves only LabelMe's files can be masks.
class Masks {
 public:
  Masks(fs::path folder, bool beside_pictures) : folder_(std::move(folder)), beside_pictures_(beside_pictures) {
    const Listing listing = list_folder(folder_, {}, beside_pictures ? is_annotation : is_mask);
    for (const auto& [part, error] : listing.unreadable) {
      log::warning(printable(concat({error.message(), ": its masks are missing (", error.hint(), ")"})));
    }
    for (const fs::path& path : listing.pictures) by_stem_[stem_of(path)].push_back(path);
  }

  /// Errors: kInput if there is none, or more than one.
  fs::path of(const fs::path& picture) {
    const std::string stem = stem_of(picture);
    used_[stem] = true;
    const auto found = by_stem_.find(stem);
    if (found == by_stem_.end()) {
      throw Error(ErrorCode::kInput,
                  concat({"there is no mask for it: ", (folder_ / stem).string(),
                          beside_pictures_ ? ".json" : ".png, or the like"}),
                  "add the mask, or take the picture out");
    }
    std::vector<fs::path> masks = found->second;
    // Of names that only look the same, the one with the picture's own bytes counts.
    const auto same = [&](const fs::path& mask) { return same_bytes(mask, picture); };
    if (std::count_if(masks.begin(), masks.end(), same) == 1) masks = {*std::find_if(masks.begin(), masks.end(), same)};
    if (masks.size() > 1) {
      throw Error(ErrorCode::kInput,
                  "two masks have its name: " + (folder_ / masks[0]).string() + " and " + (folder_ / masks[1]).string(),
                  "leave one");
    }
    annotated_ = annotated_ || is_annotation(masks.front());
    return folder_ / masks.front();
  }

  /// Comes when all pictures have asked. Errors: kUsage if pictures and masks have one folder, and none is LabelMe's.
  void finish() const {
    if (beside_pictures_ && !annotated_) {
      throw Error(ErrorCode::kUsage, "--image and --mask are the same folder",
                  "keep pictures and masks apart; only LabelMe's STEM.json may lie beside its picture");
    }
    for (const auto& [stem, paths] : by_stem_) {
      // Where no picture has a mask in JSON, such a file is something else.
      if (used_.contains(stem) || (is_annotation(paths.front()) && !annotated_)) continue;
      log::warning("the mask " + printable((folder_ / paths.front()).string()) + " has no picture");
    }
  }

 private:
  fs::path folder_;
  bool beside_pictures_ = false;
  bool annotated_ = false;  ///< a picture's mask is a JSON file
  std::map<std::string, std::vector<fs::path>> by_stem_;
  std::map<std::string, bool> used_;
};

void check_mask_given(const Settings& command) {
  if (!command.text("mask").empty() || parse_borders(command.text("outpaint")).any()) return;
  throw Error(ErrorCode::kUsage, "no mask is given", "give --mask a folder, a file, a shape or alpha");
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
  check_mask_given(command);
  const fs::path mask = mask_path(command.text("mask"));
  std::error_code ignored;
  std::vector<fs::path> leave_out{identity(output)};
  // A preview goes elsewhere than the results that may be there.
  if (command.has("output")) leave_out.push_back(identity(command.text("output")));
  std::optional<Masks> masks;
  if (fs::is_directory(mask, ignored)) {
    masks.emplace(mask, identity(mask) == identity(folder));
    leave_out.push_back(identity(mask));
  }
  const bool prompted = command.has("prompt") || command.has("prompt-file") || command.has("preview");
  bool any_prompt = prompted;
  std::vector<Job> jobs;
  const Listing listing = list_folder(folder, leave_out, is_picture);
  for (const fs::path& picture : listing.pictures) {
    Job job;
    job.index = jobs.size();
    job.name = (folder / picture).string();
    job.settings = command;
    job.settings.set("image", {job.name}, Source::kJob);
    job.subfolder = picture.parent_path();
    job.folder = output / job.subfolder;
    const fs::path beside = fs::path(folder / picture).replace_extension(".txt");
    const fs::path text = in_other_form(beside).value_or(beside);
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
  if (masks) masks->finish();
  // A part that can't be read is a failed job, so that the exit code and the report tell of it.
  for (const auto& [part, error] : listing.unreadable) {
    jobs.push_back({.index = jobs.size(), .name = part.string(), .settings = command, .error = error});
    jobs.back().settings.set("image", {part.string()}, Source::kJob);
  }
  return jobs;
}

}  // namespace zimage::app
