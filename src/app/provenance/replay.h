// `--replay IMAGE`: reads the options that made a picture from its metadata.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "app/options/settings.h"

namespace zimage::app {

/// Adds the recorded options of --replay's picture to `settings`, where those of the command line win over them. Looks
/// for a picture or mask that isn't where it was beside the replayed one. Does nothing without --replay.
/// Returns the metadata's JSON.
/// Errors: kInput, naming the file, for a picture without (or with damaged) metadata.
std::string apply_replay(Settings& settings);

/// Returns a warning for each input whose hash isn't the recorded one. `metadata` is what apply_replay() returned.
std::vector<std::string> changed_inputs(const std::string& metadata, const nlohmann::ordered_json& hashes);

}  // namespace zimage::app
