#include "app/batch/claims.h"

#include <utility>

#include "app/job/outputs.h"
#include "zimage/error.h"

namespace zimage::app {
namespace fs = std::filesystem;

void Claims::take(const std::string& job, const std::vector<fs::path>& paths) {
  std::vector<fs::path> known;
  for (const fs::path& path : paths) known.push_back(identity(path));
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const auto found = owners_.find(known[i]);
    if (found == owners_.end()) continue;
    throw Error(ErrorCode::kInput, job + " and " + found->second + " would both be written to " + paths[i].string(),
                "give them different names");
  }
  for (const fs::path& path : known) owners_.emplace(path, job);
  taken_[job] = std::move(known);
}

void Claims::release(const std::string& job) {
  const std::lock_guard lock(mutex_);
  const auto found = taken_.find(job);
  if (found == taken_.end()) return;
  for (const fs::path& path : found->second) owners_.erase(path);
  taken_.erase(found);
}

}  // namespace zimage::app
