// The program from its arguments to its exit code; main() is at the end of this file.
//
//   parse_arguments   words → app::Settings, one string an option (parse.cpp; the options are in app/options)
//   resolve           settings → app::JobSpec, checked as far as that is cheap (app/job/resolve.cpp)
//   run_inpaint       one job: read, plan, run, encode, write (app/job/run_inpaint.cpp); run_batch does it for many
//
// The run itself is the library's (include/zimage/inpainter.h). pipeline/inpaint.cpp is where to read on: it opens with
// the order of the stages and leads to the denoising loop. Every error is caught here, and becomes one line and a code.
#include "cli/main.h"

#include <filesystem>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "app/batch/batch.h"
#include "app/job/interrupt.h"
#include "app/job/mask_alone.h"
#include "app/job/resolve.h"
#include "app/job/run_inpaint.h"
#include "app/options/available.h"
#include "app/options/binding.h"
#include "app/report/report_json.h"
#include "base/log.h"
#include "base/mapped_faults.h"
#include "base/text.h"
#include "cli/config_file.h"
#include "cli/help.h"
#include "cli/parse.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/subcommands.h"
#include "cli/terminal.h"
#include "cli/terminal_pictures.h"
#include "cli/verbosity.h"

namespace zimage::cli {
namespace {

/// Keeps what the error handling needs from a run that failed halfway.
struct State {
  bool json = false;
  const app::SubcommandSpec* subcommand = nullptr;
  app::JobReport job;
  std::unique_ptr<ReportFile> report;
};

void read_settings(const std::vector<std::string>& args, app::Settings& settings, State& state) {
  state.json = wants_json(args);
  log::Options early;  // for errors before the options are known
  early.color = use_color("auto");
  log::configure(early);
  parse_arguments(args, settings);
  read_environment(settings);
  if (settings.has("config")) read_config(settings.text("config"), settings);
  state.job.options = app::reported_options(settings);
}

[[noreturn]] void refuse_closed_stdout() {
  throw Error(ErrorCode::kUsage, "stdout is closed, but the result goes there", "send it to /dev/null if not needed");
}

void check_stdout(const app::JobSpec& spec, bool stdout_open) {
  if (!stdout_open) refuse_closed_stdout();
  if (!spec.dry_run && spec.output.results.front().path.empty() && stdout_is_terminal()) {
    throw Error(ErrorCode::kUsage, "--output - would write a picture to the terminal", "redirect stdout to a file");
  }
}

void open_report(const app::Settings& settings, State& state) {
  if (!settings.has("report") || settings.flag("dry-run")) return;
  app::check_own_file(settings, "report");
  const auto existing = settings.flag("overwrite")       ? ReportFile::Existing::kReplaced
                        : settings.flag("skip-existing") ? ReportFile::Existing::kReportReplaced
                                                         : ReportFile::Existing::kRefused;
  state.report = std::make_unique<ReportFile>(settings.text("report"), existing);
}

/// Returns where results are shown (--show).
TerminalPictures terminal_pictures(const Verbosity& verbosity) {
  return verbosity.show ? TerminalPictures(verbosity.show_steps) : TerminalPictures();
}

int run_one(app::Settings& settings, const Verbosity& verbosity, bool stdout_open, State& state) {
  app::JobSpec spec = app::resolve(settings);
  check_stdout(spec, stdout_open);
  open_report(settings, state);
  const TerminalPictures pictures = terminal_pictures(verbosity);
  StdoutReporter reporter(verbosity.json, state.report.get(), pictures);
  const auto progress = make_progress(verbosity.progress, pictures);
  app::run_inpaint(std::move(spec), *progress, reporter, state.job);
  return 0;
}

int run_mask_alone(const app::Settings& settings, const Verbosity& verbosity, bool stdout_open, State& state) {
  const app::JobSpec spec = app::resolve_mask_alone(settings);
  if (!stdout_open) refuse_closed_stdout();
  open_report(settings, state);
  StdoutReporter reporter(verbosity.json, state.report.get());
  app::write_mask_alone(spec, reporter);
  return 0;
}

/// Logs the table of failures, each row as a line of its own, for programs that read lines.
void warn_of_failures(const app::BatchSummary& summary) {
  std::istringstream table(summary.failure_table());
  for (std::string row; std::getline(table, row);) log::warning(row);
}

int run_many(const app::Settings& settings, const Verbosity& verbosity, bool stdout_open, State& state) {
  state.job = {};  // --image is a folder here, and its failures are not a job's
  app::BatchPlan plan = app::resolve_batch(settings);
  if (!stdout_open) refuse_closed_stdout();
  open_report(settings, state);
  const TerminalPictures pictures = terminal_pictures(verbosity);
  StdoutReporter reporter(verbosity.json, state.report.get(), pictures);
  app::BatchSummary summary;
  {
    const auto progress = make_progress(verbosity.progress, pictures);
    summary = app::run_batch(plan, *progress, reporter);
  }
  if (summary.failed > 1) warn_of_failures(summary);
  if (summary.interrupted)
    log::error("interrupted: " + summary.text());
  else if (summary.failed > 0)
    log::error(summary.text());
  else
    log::notice(summary.text());
  return summary.exit_code();
}

int run(const std::vector<std::string>& args, bool stdout_open, State& state) {
  app::Settings settings;
  read_settings(args, settings, state);
  const Verbosity verbosity = resolve_verbosity(settings);
  state.json = verbosity.json;
  log::configure(verbosity.log);
  log::debug(version_line());
  settings.check_values();
  if (app::is_batch(settings)) return run_many(settings, verbosity, stdout_open, state);
  if (app::asks_for_mask_alone(settings)) return run_mask_alone(settings, verbosity, stdout_open, state);
  return run_one(settings, verbosity, stdout_open, state);
}

int fail(State& state, const Error& error) {
  // This stays one line, whatever the names in it contain.
  const std::string hint = error.hint().empty() ? "" : " (" + error.hint() + ")";
  log::error(printable(error.message() + hint));
  // A result that differs from its golden picture has been reported already.
  if (error.code() == ErrorCode::kGolden) return static_cast<int>(error.code());
  state.job.status = "error";
  state.job.error = error;
  state.job.output.reset();
  try {
    if (state.subcommand == nullptr) {
      StdoutReporter(state.json, state.report.get()).job(state.job);
    } else if (state.json) {
      write_stdout(app::to_error_line(state.subcommand->name, error, stdout_is_terminal()));
    }
  } catch (const Error&) {
    // stdout is gone; the line on stderr and the exit code remain.
  }
  return static_cast<int>(error.code());
}

}  // namespace

int main(int argc, char* argv[]) {
  const bool stdout_open = ensure_standard_streams();
  app::install_signal_handlers();
  report_mapped_faults();
  State state;
  try {
    const std::vector<std::string> args(argv + (argc > 0 ? 1 : 0), argv + argc);
    if (args.empty()) write_stderr(help_opening() + "\n--help lists the options.\n\n");
    state.subcommand = find_subcommand(args);
    if (state.subcommand != nullptr) return run_subcommand(*state.subcommand, args, stdout_open, state.json);
    switch (find_early(args)) {
      case Early::kVersion: return print_and_leave(version_text());
      case Early::kHelp: return print_and_leave(help_text(false));
      case Early::kHelpAll: return print_and_leave(help_text(true));
      case Early::kNone: break;
    }
    return run(args, stdout_open, state);
  } catch (const Error& e) {
    return fail(state, e);
  } catch (const std::bad_alloc&) {
    return fail(state, {ErrorCode::kMemory, "out of memory", "try a smaller picture, or a machine with more memory"});
  } catch (const std::exception& e) {
    return fail(state, {ErrorCode::kRuntime, e.what()});
  }
}

}  // namespace zimage::cli
