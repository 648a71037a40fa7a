// `get`: what is to be downloaded, from where, and where it goes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "app/options/settings.h"
#include "app/tools/published_files.h"

namespace zimage::app {

struct GetJob {
  std::string name{};
  std::filesystem::path folder{};
  std::string downloader{};  ///< "auto", "hf" or "curl"
  bool overwrite = false;
};

/// The hub or its mirror, as the environment gives it.
struct Hub {
  std::string endpoint{};  ///< without a slash at its end
  std::string token{};     ///< empty: there is none
};

/// The program that downloads.
struct Downloader {
  std::string name{};  ///< "hf", "huggingface-cli" or "curl"
  std::filesystem::path program{};

  bool is_curl() const { return name == "curl"; }
};

struct PlannedFile {
  const PublishedFile* file = nullptr;
  std::string url{};
  std::filesystem::path target{};
  std::filesystem::path part{};  ///< where curl puts it until it is checked
  bool there = false;            ///< the target exists and has its size
  std::uint64_t part_bytes =
      0;  ///< how much of it an earlier run has downloaded; more than it has: it's something else

  /// Returns where what came is kept if it isn't the published file.
  std::filesystem::path bad() const { return target.string() + ".bad"; }
  /// Returns whether all of it has been downloaded, and wasn't checked.
  bool complete() const { return part_bytes == file->bytes; }
};

struct GetPlan {
  const PublishedSet* set = nullptr;
  std::filesystem::path folder{};
  Downloader downloader{};
  Hub hub{};
  std::vector<PlannedFile> files{};

  /// Returns how many bytes are still to come.
  std::uint64_t missing_bytes() const;
};

/// Returns how many bytes a file has; 0 if it isn't there.
std::uint64_t size_of_file(const std::filesystem::path& path);

/// Returns what the options ask for. Errors: kUsage for a folder with control characters in its name.
GetJob get_job(const Settings& settings);

/// Reads HF_ENDPOINT and HF_TOKEN as hf does. Errors: kUsage if one can't be right.
Hub hub_of_environment();

/// Finds the program: hf before curl, if it may be any. Errors: kUsage if it isn't there.
Downloader find_downloader(const std::string& wanted);

/// Looks at what is there already. Errors: kUsage for an unknown name, and for a file of another size in a target's
/// place, unless it may be replaced.
GetPlan plan_get(const GetJob& job, const Hub& hub, const Downloader& downloader);

/// Returns the words of the command that downloads a file into `folder` (hf) or to its part (curl).
std::vector<std::string> download_command(const GetPlan& plan, const PlannedFile& file,
                                          const std::filesystem::path& folder);

/// Returns the words of a command line of this program that uses the files.
std::vector<std::string> use_command(const GetPlan& plan);

/// Returns the plan as commands for a POSIX shell, with comments. The token isn't in it.
std::string download_script(const GetPlan& plan);

/// Returns a word as a shell reads it, in quotes if it needs them.
std::string shell_word(const std::string& word);
/// Returns words as one line of a shell.
std::string shell_line(const std::vector<std::string>& words);

}  // namespace zimage::app
