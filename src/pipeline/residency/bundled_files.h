// What the program brings along: the demo model and Qwen's tokenizer (zimage/inpainter.h).
#pragma once

#include <filesystem>
#include <string>

namespace zimage {

/// Looks for a regular file from the executable's folder: below `../share/zimage-inpaint`, two folders further up from
/// the package's lib/zimage-inpaint/bin, or, as `in_source`, below the source tree around a build folder. Returns an
/// empty path if it is in none of these places.
std::filesystem::path find_bundled(const std::filesystem::path& folder, const std::string& in_share,
                                   const std::string& in_source);

}  // namespace zimage
