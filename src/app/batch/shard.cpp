#include "app/batch/shard.h"

#include <charconv>
#include <optional>

#include "zimage/error.h"

namespace zimage::app {
namespace {

std::optional<std::size_t> whole_number(const std::string& text) {
  std::size_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc{} || rest != end) return std::nullopt;
  return value;
}

/// Reads a whole number from an environment variable. Errors: kUsage if it is missing or not a whole number.
std::size_t variable(const Environment& environment, const char* name, const char* hint) {
  const char* text = environment(name);
  if (text == nullptr) throw Error(ErrorCode::kUsage, std::string("--shard auto needs $") + name, hint);
  const auto value = whole_number(text);
  if (!value) {
    throw Error(ErrorCode::kUsage, std::string("--shard auto: $") + name + " is '" + text + "', not a whole number",
                hint);
  }
  return *value;
}

Shard checked(std::size_t number, std::size_t count, const std::string& where) {
  if (number >= 1 && number <= count) return {number, count};
  throw Error(ErrorCode::kUsage, where + " asks for shard " + std::to_string(number) + " of " + std::to_string(count),
              "shards are numbered from 1 to their count");
}

Shard from_slurm(const Environment& environment) {
  constexpr const char* kHint = "submit the script as an array: sbatch --array=0-3 script.sh";
  const std::size_t id = variable(environment, "SLURM_ARRAY_TASK_ID", kHint);
  const std::size_t least = variable(environment, "SLURM_ARRAY_TASK_MIN", kHint);
  const std::size_t count = variable(environment, "SLURM_ARRAY_TASK_COUNT", kHint);
  const std::size_t step =
      environment("SLURM_ARRAY_TASK_STEP") == nullptr ? 1 : variable(environment, "SLURM_ARRAY_TASK_STEP", kHint);
  const std::size_t most = variable(environment, "SLURM_ARRAY_TASK_MAX", kHint);
  // In an array like 3,5,17 the position of a task can't be known.
  const bool regular = step > 0 && most >= least && (most - least) / step + 1 == count;
  if (!regular || id < least || (id - least) % step != 0) {
    throw Error(ErrorCode::kUsage, "--shard auto can't tell which of the array's tasks this is", kHint);
  }
  return checked((id - least) / step + 1, count, "the Slurm array");
}

Shard from_kubernetes(const Environment& environment) {
  constexpr const char* kHint = "set JOB_COMPLETIONS in the pod to the Job's completions";
  const std::size_t index = variable(environment, "JOB_COMPLETION_INDEX", kHint);
  return checked(index + 1, variable(environment, "JOB_COMPLETIONS", kHint), "the Kubernetes Job");
}

}  // namespace

Shard parse_shard(const std::string& text, const Environment& environment) {
  if (text == "auto") {
    if (environment("SLURM_ARRAY_TASK_ID") != nullptr) return from_slurm(environment);
    if (environment("JOB_COMPLETION_INDEX") != nullptr) return from_kubernetes(environment);
    throw Error(ErrorCode::kUsage, "--shard auto finds neither a Slurm array nor a Kubernetes indexed Job",
                "give --shard I/N, or leave it out");
  }
  const std::size_t slash = text.find('/');
  const auto number = whole_number(text.substr(0, slash));
  const auto count = slash == std::string::npos ? std::nullopt : whole_number(text.substr(slash + 1));
  if (!number || !count) {
    throw Error(ErrorCode::kUsage, "--shard can't be '" + text + "'", "give I/N, such as 2/4, or auto");
  }
  return checked(*number, *count, "--shard " + text);
}

}  // namespace zimage::app
