#include "cli/main.h"

#include <filesystem>
#include <new>
#include <string>
#include <vector>

#include "app/interrupt.h"
#include "app/resolve.h"
#include "app/run_inpaint.h"
#include "app/text.h"
#include "cli/config_file.h"
#include "cli/help.h"
#include "cli/parse.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/subcommands.h"
#include "cli/talk.h"
#include "cli/terminal.h"
#include "core/log.h"

namespace zimage::cli {
namespace {

/// What the error handling needs of a run that failed half-way.
struct State {
  bool json = false;
  const app::SubcommandSpec* subcommand = nullptr;
  app::JobReport job;
};

void read_settings(const std::vector<std::string>& args, app::Settings& settings, State& state) {
  state.json = wants_json(args);
  log::Options early;  // for what goes wrong before the options are known
  early.color = use_color("auto");
  log::configure(early);
  parse_arguments(args, settings);
  read_environment(settings);
  if (settings.has("config")) read_config(settings.text("config"), settings);
  for (const auto& [name, field] : {std::pair{"image", &state.job.image}, std::pair{"mask", &state.job.mask},
                                    std::pair{"prompt", &state.job.prompt}}) {
    if (settings.has(name)) *field = settings.text(name);
  }
}

void check_stdout(const app::Plan& plan, bool stdout_open) {
  if (!stdout_open) {
    throw Error(ErrorCode::kUsage, "stdout is closed, and the result goes there", "send it to /dev/null if not needed");
  }
  if (!plan.dry_run && plan.outputs.front().path.empty() && stdout_is_terminal()) {
    throw Error(ErrorCode::kUsage, "--output - would write a picture to the terminal", "redirect stdout to a file");
  }
}

void run(const std::vector<std::string>& args, bool stdout_open, State& state) {
  app::Settings settings;
  read_settings(args, settings, state);
  const Talk talk = resolve_talk(settings);
  state.json = talk.json;
  log::configure(talk.log);
  settings.check_values();
  app::Plan plan = app::resolve(settings);
  check_stdout(plan, stdout_open);
  StdoutReporter reporter(talk.json);
  const auto progress = make_progress(talk.progress);
  app::run_inpaint(plan, *progress, reporter, state.job);
}

int fail(State& state, const Error& error) {
  // One line, whatever the names in it hold.
  const std::string hint = error.hint().empty() ? "" : " (" + error.hint() + ")";
  log::error(app::printable(error.message() + hint));
  // A result that differs from its golden picture has its line already.
  if (state.json && error.code() != ErrorCode::kGolden) {
    state.job.status = "error";
    state.job.error = error;
    state.job.output.reset();
    try {
      write_stdout(state.subcommand != nullptr ? to_error_line(state.subcommand->name, error)
                                               : to_json_line(state.job));
    } catch (const Error&) {
      // stdout is gone; the line on stderr and the exit code remain.
    }
  }
  return static_cast<int>(error.code());
}

}  // namespace

int main(int argc, char* argv[]) {
  const bool stdout_open = ensure_standard_streams();
  app::install_signal_handlers();
  State state;
  try {
    const std::vector<std::string> args(argv + (argc > 0 ? 1 : 0), argv + argc);
    state.subcommand = find_subcommand(args);
    if (state.subcommand != nullptr) return run_subcommand(*state.subcommand, args, stdout_open, state.json);
    switch (find_early(args)) {
      case Early::kVersion: return print_and_leave(version_text());
      case Early::kHelp: return print_and_leave(help_text(false));
      case Early::kHelpAll: return print_and_leave(help_text(true));
      case Early::kNone: break;
    }
    run(args, stdout_open, state);
    return 0;
  } catch (const Error& e) {
    return fail(state, e);
  } catch (const std::bad_alloc&) {
    return fail(state, {ErrorCode::kMemory, "out of memory", "try a smaller picture, or a machine with more memory"});
  } catch (const std::exception& e) {
    return fail(state, {ErrorCode::kRuntime, e.what()});
  }
}

}  // namespace zimage::cli
