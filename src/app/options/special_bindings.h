// The options whose way into a job's spec, or back, is more than a member's value.
#pragma once

#include <string>

#include "app/options/binding.h"

namespace zimage::app {

/// A path, or `alpha`.
Binding bind_mask();
/// A soft mask without a threshold has none.
Binding bind_mask_threshold();
/// Recorded only where guidance uses it.
Binding bind_negative_prompt();
/// The bundled demo model where none is given; recorded only if it was given by a person.
Binding bind_model();
/// Counts only with a ControlNet.
Binding bind_control_scale();
/// resolve() draws one where none is given.
Binding bind_seed();
/// Recorded as off unless both say on.
Binding bind_jump_length();
Binding bind_jump_count();
/// Recorded only with --crop auto.
Binding bind_padding();
Binding bind_megapixels();
/// Errors: kUsage, as parse_borders().
Binding bind_outpaint();

/// The value of --outpaint. Errors: kUsage for text that isn't four whole numbers.
Borders parse_borders(const std::string& text);

}  // namespace zimage::app
