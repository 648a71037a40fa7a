#include "app/batch/batch_sizes.h"

#include <map>
#include <string>
#include <utility>

#include "base/run_async.h"
#include "codecs/picture_size.h"

namespace zimage::app {

BatchSizes::BatchSizes(const std::vector<Job>* jobs, const Shard& shard, Progress& progress) {
  if (jobs == nullptr) return;
  reading_ = run_async([this, jobs, shard, &progress] {
    std::map<std::string, double> megapixels;
    for (const Job& job : *jobs) {
      if (stop_.load()) return;
      if (job.error || !shard.holds(job.index)) continue;
      if (const auto size = codecs::picture_size(job.settings.text("image"))) megapixels[job.name] = size->megapixels();
    }
    progress.batch_sizes(std::move(megapixels));
  });
}

BatchSizes::~BatchSizes() {
  stop_.store(true);
  if (reading_.valid()) reading_.wait();
}

}  // namespace zimage::app
