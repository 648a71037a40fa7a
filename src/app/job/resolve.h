// Settings → a job's spec. Everything cheap is checked here, before a weight is read.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/options/job_spec.h"
#include "app/options/settings.h"

namespace zimage::app {

/// Checks every value and settles where the results go. The picture and the mask are looked at, not read: read_inputs()
/// does that. Adds the replayed options to `settings` on its way.
/// Errors: kUsage (options, an output that exists or can't be written, what isn't built), kInput (a picture that is
/// missing or none, prompt file), kModel (no model at all).
JobSpec resolve(Settings& settings, const JobPlace& place = {});

/// The prompt that the settings give, read from its file if need be, and with guidance the negative one after it.
/// Errors: kInput, kUsage for what isn't UTF-8.
std::vector<std::string> resolve_prompts(const Settings& settings);
std::vector<std::string> prompts_of(const JobSpec& spec);

/// For a spec whose options are bound. Errors: kModel for a model or ControlNet that isn't there.
void check_model(const JobSpec& spec);
/// Errors: kUsage for a name that no device can have.
void check_device(const std::string& device);

}  // namespace zimage::app
