// `--replay IMAGE`: the options that made a picture, from its metadata.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "app/options/settings.h"

namespace zimage::app {

/// Adds the recorded options of --replay's picture to `settings`, below those given on the command line. A picture or
/// mask that isn't where it was is looked for beside the replayed one. Does nothing without --replay.
/// Returns the metadata's JSON.
/// Errors: kInput, naming the file, for a picture without (or with damaged) metadata.
std::string apply_replay(Settings& settings);

/// One line for each input whose hash isn't the recorded one, for a warning. `metadata` as returned above.
std::vector<std::string> changed_inputs(const std::string& metadata, const nlohmann::ordered_json& hashes);

}  // namespace zimage::app
