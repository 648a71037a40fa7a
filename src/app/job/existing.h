// `--skip-existing`: judges whether an existing output is what this job would write.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace zimage::app {

enum class Existing {
  kNone,     ///< there is no file
  kSame,     ///< a whole picture, made with the same options from the same files, or one without provenance
  kOther,    ///< a whole picture, made with other options or from other files
  kDamaged,  ///< not a picture, or not a whole one
};

/// Judges the file at `path`. `provenance` is describe_provenance()'s JSON for this job. With `any_seed` the seed isn't
/// compared (none was given). Files are compared by their hashes, not by their paths; what stands behind a path, such
/// as a label or a scale, counts. Names count where the hash is of a file's two ends only, for the picture of
/// annotations, which may find it by its name, and for LoRAs of one name. Versions don't count: a newer build doesn't
/// make last week's pictures stale. `differing`, if given, gets the options that differ, such as "--seed".
Existing judge_existing(const std::filesystem::path& path, const nlohmann::ordered_json& provenance, bool any_seed,
                        std::vector<std::string>* differing = nullptr);

}  // namespace zimage::app
