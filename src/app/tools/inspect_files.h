// `inspect`: looks at the files that the arguments name.
#pragma once

#include <functional>

#include "app/options/settings.h"
#include "pipeline/residency/machine.h"
#include "pipeline/tools/inspect.h"

namespace zimage::app {

/// Inspects every file that PATH names and hands each report over when it is done. Errors: kInterrupted after a signal.
void inspect_files(const Settings& settings, const std::function<void(const FileReport&, const Machine&)>& show);

}  // namespace zimage::app
