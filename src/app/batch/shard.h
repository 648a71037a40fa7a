// `--shard`: decides which of a batch's jobs this machine does.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace zimage::app {

/// One machine's share of a batch: the jobs i (from 0) with i mod `count` = `number` - 1. Every machine that sees the
/// same jobs splits them the same way, and large and small ones are mixed.
struct Shard {
  std::size_t number = 1;  ///< 1 … count
  std::size_t count = 1;

  bool holds(std::size_t index) const { return index % count == number - 1; }
};

/// Returns the value of an environment variable, or null.
using Environment = std::function<const char*(const char* name)>;

/// Parses "I/N" with 1 <= I <= N, or "auto": the task of a Slurm array (SLURM_ARRAY_TASK_ID of …_MIN to …_MAX, …_STEP),
/// or the pod of a Kubernetes indexed Job (JOB_COMPLETION_INDEX, and JOB_COMPLETIONS for how many there are).
/// Errors: kUsage, saying what is wrong or which variable is missing.
Shard parse_shard(const std::string& text, const Environment& environment);

}  // namespace zimage::app
