// The mask of a job, from its file or the picture's transparency to what the model is given; and the canvas.
#pragma once

#include <filesystem>
#include <optional>

#include "app/job/plan.h"
#include "app/options/settings.h"

namespace zimage::app {

/// "L,T,R,B". Errors: kUsage for anything but four whole numbers of pixels, 0 to 65536.
Borders parse_borders(const std::string& text);

/// Reads the mask options: nothing is opened. Errors as parse_borders().
void resolve_mask_options(const Settings& settings, Plan& plan);

/// The mask that a file says, as large as the file is. On any thread. Errors: kInput as codecs::read_image().
Mask read_mask_file(const std::filesystem::path& path, const MaskReading& reading);

/// Makes `plan.request.mask` of `file` (as read_mask_file(), where there is one): brought to the picture's size,
/// filled, grown; with `--outpaint` puts picture and mask on the larger canvas. Expects the picture in
/// `plan.request.image`. Errors: kInput for a mask that has another aspect or repaints nothing, and for a canvas of
/// more than 2^28 pixels.
void resolve_mask(Plan& plan, std::optional<Mask> file);

}  // namespace zimage::app
