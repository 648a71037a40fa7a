// Versions, as `--version`, `--json` and the PNG metadata print them.
#pragma once

#include <string>

namespace zimage {

/// "0.1.0".
const char* version();
/// The commit it was built from, "unknown" outside a checkout.
const char* git_commit();
/// That commit's day, "2026-01-31"; empty outside a checkout.
const char* commit_date();
/// libtorch's version and build, e.g. "2.13.0 (CPU)".
std::string torch_version();

}  // namespace zimage
