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
  std::size_t index = 0;            ///< from 0, in the whole batch, whatever the shard
  std::string name;                 ///< for messages: the picture's path, or the manifest's line
  Settings settings;                ///< the command's, and the job's own on top
  std::filesystem::path folder;     ///< of its result in the output tree; empty: as `output` says
  std::filesystem::path subfolder;  ///< `folder` within the output tree
  std::optional<Error> error;       ///< why it can't run, if that is already known
};

/// Gives the jobs one after the other, on one thread.
class JobSource {
 public:
  virtual ~JobSource() = default;
  /// Nothing when there are no more. May wait for more input.
  virtual std::optional<Job> next() = 0;
  /// Every job, where they are all known before the first is asked for.
  virtual const std::vector<Job>* all() const { return nullptr; }
  /// Whether more input has to come before next() returns.
  virtual bool would_wait() const { return false; }
};

/// A source of jobs that are known.
std::unique_ptr<JobSource> make_job_list(std::vector<Job> jobs);

/// The folder that results go to by default: `FOLDER-inpainted` beside it.
std::filesystem::path default_output_folder(const std::filesystem::path& folder);

/// A job for every picture below `--image`, by name, subfolders too; names that begin with a dot are left out, as is
/// what lies in `output`. The mask is that of the same stem (and subfolder) below `--mask`, or the one that --mask
/// names; the prompt is STEM.txt beside the picture, else the command's. Masks without a picture are warned of.
/// Errors: kInput if there is no picture, kUsage if there is no prompt or no mask at all, or picture and mask folder
/// are the same. What is wrong with one picture is its job's error.
std::vector<Job> list_folder_jobs(const Settings& command, const std::filesystem::path& output);

}  // namespace zimage::app
