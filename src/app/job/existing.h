// `--skip-existing`: judges whether an existing output is what this job would write.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace zimage::app {

enum class Existing {
  kNone,     ///< there is no file
  kSame,     ///< a whole picture, made with the same options from the same files, or one without provenance
  kOther,    ///< a whole picture, made with other options or from other files
  kDamaged,  ///< not a picture, or not a whole one
};

/// Judges the file at `path`. `provenance` is describe_provenance()'s JSON for this job. With `any_seed` the seed isn't
/// compared (none was given). Versions don't count: a newer build doesn't make last week's pictures stale.
Existing judge_existing(const std::filesystem::path& path, const nlohmann::ordered_json& provenance, bool any_seed);

}  // namespace zimage::app
