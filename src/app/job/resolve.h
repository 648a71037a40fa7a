// Resolves settings to a job's spec. Everything cheap is checked here, before a weight is read.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/options/job_spec.h"
#include "app/options/settings.h"

namespace zimage::app {

/// Checks every value and decides where the results go. Looks at the picture and the mask without reading them:
/// read_inputs() does that. Also adds the replayed options to `settings`.
/// Errors: kUsage (options, an output that exists or can't be written, a feature that isn't built yet), kInput (a file
/// that is missing or not a picture, a bad prompt file), kModel (no model at all).
JobSpec resolve(Settings& settings, const JobPlace& place = {});

/// Returns whether the mask is all that a command asks for: --save-mask without a prompt and without another output.
bool asks_for_mask_alone(const Settings& settings);

/// Resolves what such a command needs. No model is looked for. Errors: those of resolve().
JobSpec resolve_mask_alone(const Settings& settings);

/// Returns the prompt, read from its file if need be, and with guidance the negative prompt after it. Without a given
/// guidance scale the model's `defaults` decide.
/// Errors: kInput for a bad prompt file, kUsage for an option that isn't UTF-8.
std::vector<std::string> resolve_prompts(const Settings& settings, const SamplingDefaults& defaults);
/// Returns those of a spec whose sampling is resolved.
std::vector<std::string> prompts_of(const JobSpec& spec);

/// Checks that the model is there; requires bound options. Errors: kModel for a missing model or ControlNet.
void check_model(const JobSpec& spec);
/// Checks a device's name. Errors: kUsage for a name that no device can have.
void check_device(const std::string& device);

}  // namespace zimage::app
