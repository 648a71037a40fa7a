#include "app/batch/shard.h"

#include <map>
#include <set>

#include "support/catch.h"
#include "zimage/error.h"

using namespace zimage;
using namespace zimage::app;

namespace {

Shard parse(const std::string& text, const std::map<std::string, std::string>& variables = {}) {
  return parse_shard(text, [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

std::map<std::string, std::string> slurm(int id, int least, int most, int count, int step = 1) {
  return {{"SLURM_ARRAY_TASK_ID", std::to_string(id)},
          {"SLURM_ARRAY_TASK_MIN", std::to_string(least)},
          {"SLURM_ARRAY_TASK_MAX", std::to_string(most)},
          {"SLURM_ARRAY_TASK_COUNT", std::to_string(count)},
          {"SLURM_ARRAY_TASK_STEP", std::to_string(step)}};
}

bool refused(const std::string& text, const std::map<std::string, std::string>& variables = {}) {
  try {
    parse(text, variables);
  } catch (const Error& e) {
    return e.code() == ErrorCode::kUsage && !e.hint().empty();
  }
  return false;
}

}  // namespace

TEST_CASE("shards hold every job once, and their sizes differ by at most one") {
  for (const std::size_t count : {1U, 2U, 3U, 7U}) {
    std::map<std::size_t, std::size_t> held;
    for (std::size_t i = 0; i < 50; ++i) {
      std::size_t holders = 0;
      for (std::size_t number = 1; number <= count; ++number) {
        if (!parse(std::to_string(number) + "/" + std::to_string(count)).holds(i)) continue;
        ++holders;
        ++held[number];
      }
      CHECK(holders == 1);
    }
    for (const auto& [number, jobs] : held) CHECK((jobs == 50 / count || jobs == 50 / count + 1));
  }
}

TEST_CASE("shards that make no sense are refused") {
  for (const char* text : {"0/2", "3/2", "1/0", "1", "/2", "1/", "1/2/3", "-1/2", "a/b", "1 /2", ""}) {
    CAPTURE(text);
    CHECK(refused(text));
  }
}

TEST_CASE("--shard auto reads a Slurm array") {
  const Shard third = parse("auto", slurm(2, 0, 3, 4));
  CHECK(third.number == 3);
  CHECK(third.count == 4);
  CHECK(parse("auto", slurm(9, 5, 9, 3, 2)).number == 3);  // --array=5-9:2
  CHECK(refused("auto", slurm(5, 3, 17, 3)));              // --array=3,5,17
  CHECK(refused("auto", {{"SLURM_ARRAY_TASK_ID", "1"}}));
  CHECK(refused("auto"));
}

TEST_CASE("--shard auto reads a Kubernetes indexed Job") {
  const Shard first = parse("auto", {{"JOB_COMPLETION_INDEX", "0"}, {"JOB_COMPLETIONS", "3"}});
  CHECK(first.number == 1);
  CHECK(first.count == 3);
  CHECK(refused("auto", {{"JOB_COMPLETION_INDEX", "0"}}));
  CHECK(refused("auto", {{"JOB_COMPLETION_INDEX", "3"}, {"JOB_COMPLETIONS", "3"}}));
}
