#include "cli/report_command.h"

#include <string>

#include "app/page/page.h"
#include "app/report/report_json.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "zimage/error.h"

namespace zimage::cli {
namespace {

std::string json_of(const app::PageJob& job, const app::PageSummary& summary) {
  const nlohmann::ordered_json out{{"status", "ok"},
                                   {"command", "report"},
                                   {"output", utf8_or_printable(job.page.string())},
                                   {"jobs", summary.jobs},
                                   {"failed", summary.failed},
                                   {"mismatched", summary.mismatched},
                                   {"skipped", summary.skipped},
                                   {"truncated", summary.truncated},
                                   {"bytes", summary.bytes}};
  return app::json_line(out, stdout_is_terminal());
}

}  // namespace

int report_command(const app::Settings& settings, const Verbosity& verbosity) {
  const app::PageJob job = app::page_job(settings);
  const bool to_stdout = job.page.empty();
  if (to_stdout && verbosity.json) {
    throw Error(ErrorCode::kUsage, "--output - and --json both write to stdout", "give --output a file");
  }
  if (to_stdout && stdout_is_terminal()) {
    throw Error(ErrorCode::kUsage, "--output - would write a page to the terminal", "redirect stdout to a file");
  }
  app::PageSummary summary;
  {
    const auto progress = make_progress(verbosity.progress);
    summary = to_stdout ? app::make_page(job, *progress, write_stdout) : app::make_page(job, *progress);
  }
  if (summary.truncated) {
    log::warning(printable(job.report.string()) + ": its last line breaks off and is left out (the run was stopped)");
  }
  if (to_stdout) return 0;
  const std::string path = job.page.string();
  write_stdout(verbosity.json ? json_of(job, summary) : (stdout_is_terminal() ? printable(path) : path) + "\n");
  return 0;
}

}  // namespace zimage::cli
