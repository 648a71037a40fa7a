// Compares file names as people read them: macOS and archives made there write é as e and an accent (NFD), most other
// systems as one character (NFC).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace zimage {

/// Returns a name in Unicode's composed form (NFC), so that names that look the same are the same. A name that isn't
/// UTF-8 stays as it is.
std::string composed_name(std::string_view name);

/// Finds the file or folder that `path` names in another Unicode form, in any of its parts. Empty if `path` itself
/// exists, if nothing else fits, or if two names do.
std::optional<std::filesystem::path> in_other_form(const std::filesystem::path& path);

}  // namespace zimage
