// Versions, as `--version`, `--json` and the PNG metadata print them.
#pragma once

#include <string>

namespace zimage {

/// Returns the version, such as "0.1.0".
const char* version();
/// Returns the commit that this was built from; "unknown" outside a checkout.
const char* git_commit();
/// Returns that commit's date, such as "2026-01-31"; empty outside a checkout.
const char* commit_date();
/// Returns libtorch's version and build, such as "2.13.0 (CPU)".
std::string torch_version();

}  // namespace zimage
