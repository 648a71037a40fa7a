// Binds the options whose way into a job's spec, or back, is more than a member's value.
#pragma once

#include <cstdint>
#include <string>

#include "app/options/binding.h"

namespace zimage::app {

/// The value is read by parse_mask_source(). Errors: kUsage.
Binding bind_mask();
/// A soft mask has no threshold unless one is given.
Binding bind_mask_threshold();
/// It is recorded only if guidance uses it.
Binding bind_negative_prompt();
/// The default is the bundled demo model. The model is recorded only if a person gave it.
Binding bind_model();
/// Each value is read by parse_lora(), and recorded as FILE:SCALE. Errors: kUsage.
Binding bind_lora();
/// It is recorded only if it is on.
Binding bind_lora_allow_unmatched();
/// It counts only with a ControlNet.
Binding bind_control_scale();
/// They are recorded only if guidance uses them.
Binding bind_cfg_truncation();
Binding bind_cfg_normalization();
/// If no seed is given, resolve() draws one.
Binding bind_seed();
/// The jumps are recorded as off unless both options turn them on.
Binding bind_jump_length();
Binding bind_jump_count();
/// It is recorded only with --crop auto.
Binding bind_padding();
Binding bind_megapixels();
/// The value is read by parse_borders(). Errors: kUsage.
Binding bind_outpaint();
/// The value is read by parse_size(). Errors: kUsage.
Binding bind_max_memory();

/// Parses a value of --max-memory: a number and a unit, "6GB", "7.5 GiB" or "800M", in bytes. Without a B, a unit is
/// binary. Errors: kUsage for anything else, and for less than a megabyte.
std::uint64_t parse_size(const std::string& text);

/// Parses a value of --lora, FILE[:SCALE]. A colon belongs to the file's name unless a number follows the last one.
/// Errors: kUsage for a scale that isn't finite, and for no file.
LoraPath parse_lora(const std::string& text);

/// Parses a label of --mask-threshold: "=3", or "=#ff0000". mask_label_text() does the reverse. Errors: kUsage.
MaskLabel parse_mask_label(const std::string& text);
std::string mask_label_text(const MaskLabel& label);

/// Parses the value of --outpaint. Errors: kUsage for text that isn't four whole numbers.
Borders parse_borders(const std::string& text);

}  // namespace zimage::app
