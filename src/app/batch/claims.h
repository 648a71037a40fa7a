// Records which job writes which file, so that no two write the same.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace zimage::app {

/// The output paths that jobs have taken. Every function may be called on any thread.
class Claims {
 public:
  /// Takes the paths for a job. Errors: kInput if another job has one of them; then none is taken.
  void take(const std::string& job, const std::vector<std::filesystem::path>& paths);

  /// Gives back the paths of a job that failed, since it may come again.
  void release(const std::string& job);

 private:
  std::mutex mutex_;
  std::map<std::filesystem::path, std::string> owners_;
  std::map<std::string, std::vector<std::filesystem::path>> taken_;
};

}  // namespace zimage::app
