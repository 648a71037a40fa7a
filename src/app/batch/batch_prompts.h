// What prompts a batch's jobs will want, told to the model before the first runs.
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
  /// Of the jobs that are `shard`'s and can be resolved; none if `jobs` is null (they come one by one).
  BatchPrompts(const std::vector<Job>* jobs, const Shard& shard, Inpainter& inpainter);

  /// Says that a job is over, whatever became of it. On one thread at a time.
  void release(std::size_t job_index);

 private:
  Inpainter& inpainter_;
  std::map<std::size_t, std::vector<std::string>> prompts_;  ///< of the job of this index
};

}  // namespace zimage::app
