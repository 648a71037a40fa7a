// The config.json beside a part's weights.
#pragma once

#include <cstddef>
#include <filesystem>

#include "weights/model_files.h"
#include "weights/open_weights.h"

namespace zimage {

inline constexpr std::size_t kMaxConfigBytes = std::size_t{16} << 20;

/// Returns the part's files: its weights and the config.json beside them, unless that says that it belongs to another
/// kind of part, as it may in a folder of loose files. Errors: kModel if it can't be read.
ComponentFiles with_config(const std::filesystem::path& weights, Part part);

}  // namespace zimage
