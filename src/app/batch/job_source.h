// The jobs of a batch: a folder's pictures, or the lines of a manifest.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/options/settings.h"
#include "zimage/error.h"

namespace zimage::app {

/// One job of a batch, not yet resolved.
struct Job {
  std::size_t index = 0;              ///< position in the whole batch from 0, whatever the shard
  std::string name;                   ///< for messages: the picture's path, or the manifest's line
  Settings settings;                  ///< the command's, overridden by the job's own
  std::filesystem::path folder{};     ///< where its result goes in the output tree; empty: as --output says
  std::filesystem::path subfolder{};  ///< `folder` relative to the output tree's root
  std::optional<Error> error{};       ///< why it can't run, if that is already known
};

/// A source of jobs, which are read one after the other on one thread.
class JobSource {
 public:
  virtual ~JobSource() = default;
  /// Returns the next job; nothing when there are no more. May wait for more input.
  virtual std::optional<Job> next() = 0;
  /// Returns every job if they are all known before the first is asked for, else null.
  virtual const std::vector<Job>* all() const { return nullptr; }
};

/// Makes a source of known jobs.
std::unique_ptr<JobSource> make_job_list(std::vector<Job> jobs);

/// Returns the folder that results go to by default: `FOLDER-inpainted` beside `folder`.
std::filesystem::path default_output_folder(const std::filesystem::path& folder);

/// Lists a job for every picture below `--image`, subfolders included, sorted by name. Names that begin with a dot are
/// left out, and so is everything in `output`. The mask is the one of the same stem (and subfolder) below `--mask`, or
/// the file that --mask names; the prompt is STEM.txt beside the picture, else the command's. Logs a warning for masks
/// without a picture. Errors: kInput if there is no picture, kUsage if there is no prompt or no mask at all, or if
/// --image and --mask are the same folder. What is wrong with one picture is its job's error.
std::vector<Job> list_folder_jobs(const Settings& command, const std::filesystem::path& output);

}  // namespace zimage::app
