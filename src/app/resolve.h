// Settings → a checked plan. Everything cheap is checked here, before a weight is read.
#pragma once

#include "app/plan.h"
#include "app/settings.h"

namespace zimage::app {

/// Checks every value, reads the picture, the mask and the prompt, and settles where the results go. Adds the replayed
/// options to `settings` on its way.
/// Errors: kUsage (options, an output that exists or can't be written, what isn't built), kInput (picture, mask, prompt
/// file), kModel (no model at all).
Plan resolve(Settings& settings);

/// The parts of it that `doctor` asks for alone: plan.model and model_given; plan.compute.
/// Errors: kModel for a model or ControlNet that isn't there, kUsage for a device's name.
void resolve_model(const Settings& settings, Plan& plan);
void resolve_compute(const Settings& settings, Plan& plan);

}  // namespace zimage::app
