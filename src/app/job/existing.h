// `--skip-existing`: is what lies there what this job would write?
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace zimage::app {

enum class Existing {
  kNone,     ///< nothing is there
  kSame,     ///< a whole picture, made with the same options from the same files, or one that doesn't say what made it
  kOther,    ///< a whole picture, made with others
  kDamaged,  ///< no picture, or not a whole one
};

/// `making` is describe_making()'s JSON of this job. With `any_seed` the seed is not compared (none was asked for).
/// Versions don't count: a newer build does not make last week's pictures stale.
Existing judge_existing(const std::filesystem::path& path, const nlohmann::ordered_json& making, bool any_seed);

}  // namespace zimage::app
