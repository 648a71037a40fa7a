#include "app/tools/convert_file.h"

#include <algorithm>

#include "zimage/error.h"

namespace zimage::app {
namespace {

constexpr int kProgressSteps = 20;

}  // namespace

ConvertJob convert_job(const Settings& settings) {
  return {.in = settings.text("IN"),
          .out = settings.text("OUT"),
          .dtype = settings.text("dtype"),
          .overwrite = settings.flag("overwrite")};
}

ConvertReport convert_file(const ConvertJob& job, Progress& progress) {
  progress.stage("convert");
  int shown = 0;
  return convert_model(job, [&](std::uint64_t done, std::uint64_t total) {
    if (progress.cancelled()) throw Error(ErrorCode::kInterrupted, "interrupted; nothing was written");
    const int step = static_cast<int>(done * kProgressSteps / std::max<std::uint64_t>(total, 1));
    if (step != shown) progress.step(step, kProgressSteps);
    shown = step;
  });
}

}  // namespace zimage::app
