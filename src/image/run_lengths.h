// Masks as lengths of runs, as COCO stores them (RLE): down the first column, then down the next, a run of kept pixels
// first, then one of repainted ones, and so on.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "zimage/image.h"

namespace zimage {

/// Reads the runs of a compressed string: in each character, from '0' on, five bits of a number and one that says that
/// more follow, the lowest bits first and with a sign; from the fourth number on each is the difference from the one
/// two before. Empty for text that isn't made like this or has a run beyond kMaxPixels.
std::optional<std::vector<std::uint32_t>> parse_run_lengths(std::string_view text);

/// Repaints what the runs say. Returns false, and may have changed the mask, if they don't fill it exactly.
bool fill_runs(Mask& mask, std::span<const std::uint32_t> runs);

}  // namespace zimage
