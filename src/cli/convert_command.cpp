#include "cli/convert_command.h"

#include "app/report/report_json.h"
#include "app/tools/convert_file.h"
#include "base/bytes_text.h"
#include "base/text.h"
#include "cli/progress.h"
#include "cli/terminal.h"

namespace zimage::cli {
namespace {

std::string text_of(const ConvertJob& job, const ConvertReport& report) {
  std::string text = concat({printable(job.out.string()), ": ", report.what, " in ", job.dtype, ", ",
                             std::to_string(report.tensors), " tensors"});
  if (report.quantised > 0) text += concat({" (", std::to_string(report.quantised), " of them quantised)"});
  return concat({text, ", ", bytes_text(report.bytes_out), " instead of ", bytes_text(report.bytes_in), "\n"});
}

std::string json_of(const ConvertJob& job, const ConvertReport& report) {
  const nlohmann::ordered_json out{{"status", "ok"},
                                   {"command", "convert"},
                                   {"in", utf8_or_printable(job.in.string())},
                                   {"output", utf8_or_printable(job.out.string())},
                                   {"what", report.what},
                                   {"dtype", job.dtype},
                                   {"tensors", report.tensors},
                                   {"quantised", report.quantised},
                                   {"bytes_in", report.bytes_in},
                                   {"bytes", report.bytes_out}};
  return app::json_line(out, stdout_is_terminal());
}

}  // namespace

int convert_command(const app::Settings& settings, const Verbosity& verbosity) {
  const ConvertJob job = app::convert_job(settings);
  ConvertReport report;
  {
    const auto progress = make_progress(verbosity.progress);
    report = app::convert_file(job, *progress);
  }
  write_stdout(verbosity.json ? json_of(job, report) : text_of(job, report));
  return 0;
}

}  // namespace zimage::cli
