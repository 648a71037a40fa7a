// Settings → a checked plan. Everything cheap is checked here, before a weight is read.
#pragma once

#include <string>
#include <vector>

#include "app/job/plan.h"
#include "app/options/settings.h"

namespace zimage::app {

/// Checks every value and settles where the results go. The picture and the mask are looked at, not read: read_inputs()
/// does that. Adds the replayed options to `settings` on its way.
/// Errors: kUsage (options, an output that exists or can't be written, what isn't built), kInput (a picture that is
/// missing or none, prompt file), kModel (no model at all).
Plan resolve(Settings& settings, const JobPlace& place = {});

/// Reads picture, mask and control image into `plan.request`. Errors: kInput.
void read_inputs(Plan& plan);

/// The prompt that the settings give, read from its file if need be, and with guidance the negative one after it.
/// Errors: kInput, kUsage for what isn't UTF-8.
std::vector<std::string> resolve_prompts(const Settings& settings);

/// The parts of it that `doctor` asks for alone: plan.model and model_given; plan.compute.
/// Errors: kModel for a model or ControlNet that isn't there, kUsage for a device's name.
void resolve_model(const Settings& settings, Plan& plan);
void resolve_compute(const Settings& settings, Plan& plan);

}  // namespace zimage::app
