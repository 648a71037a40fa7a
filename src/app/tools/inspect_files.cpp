#include "app/tools/inspect_files.h"

#include "app/job/interrupt.h"
#include "zimage/error.h"

namespace zimage::app {

void inspect_files(const Settings& settings, const std::function<void(const FileReport&, const Machine&)>& show) {
  const Machine machine = look_at_machine();
  const auto heed_signals = [] {
    if (interrupted()) throw Error(ErrorCode::kInterrupted, "interrupted");
  };
  for (const std::string& given : settings.list("PATH")) {
    for (const auto& path : list_inspected(given)) {
      heed_signals();
      show(inspect_path(path, settings.flag("check"), heed_signals), machine);
    }
  }
}

}  // namespace zimage::app
