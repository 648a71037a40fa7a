// Tells the model which prompts a batch's jobs will need, before the first job runs.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "app/batch/job_source.h"
#include "app/batch/shard.h"
#include "zimage/inpainter.h"

namespace zimage::app {

class BatchPrompts {
 public:
  /// Announces the prompts of the shard's jobs that can be resolved; none if `jobs` is null (they come one by one).
  BatchPrompts(const std::vector<Job>* jobs, const Shard& shard, Inpainter& inpainter);

  /// Releases the prompts of a job that is over, whatever became of it. On one thread at a time.
  void release(std::size_t job_index);

 private:
  Inpainter& inpainter_;
  std::map<std::size_t, std::vector<std::string>> prompts_;  ///< by the job's index
};

}  // namespace zimage::app
