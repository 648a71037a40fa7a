#include "cli/subcommands.h"

#include <algorithm>

#include "app/options/settings.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/bench_command.h"
#include "cli/compare_command.h"
#include "cli/completion.h"
#include "cli/convert_command.h"
#include "cli/doctor.h"
#include "cli/get_command.h"
#include "cli/help.h"
#include "cli/inspect_command.h"
#include "cli/man_page.h"
#include "cli/parse.h"
#include "cli/report_command.h"
#include "cli/terminal.h"
#include "cli/verbosity.h"
#include "zimage/error.h"

namespace zimage::cli {
namespace {

/// Runs a subcommand with checked settings and returns the exit code. Only the result goes to stdout.
using Handler = int (*)(const app::Settings& settings, const Verbosity& verbosity);

int run_doctor(const app::Settings& settings, const Verbosity& verbosity) {
  const app::Diagnosis diagnosis = app::diagnose(settings);
  write_stdout(verbosity.json ? doctor_json(diagnosis) : doctor_text(diagnosis));
  return diagnosis.exit_code();
}

int run_completion(const app::Settings& settings, const Verbosity&) {
  write_stdout(completion_script(settings.text("SHELL")));
  return 0;
}

int run_man(const app::Settings&, const Verbosity&) {
  write_stdout(man_page());
  return 0;
}

int run_help(const app::Settings& settings, const Verbosity&) {
  const std::string command = settings.text("COMMAND");
  const app::SubcommandSpec* spec = app::find_subcommand(command);
  if (spec == nullptr && command != "run" && command != "all") {
    throw Error(ErrorCode::kUsage, "there is no command " + in_quotes(command), "zimage-inpaint --help lists them");
  }
  return print_and_leave(spec != nullptr ? help_text(*spec) : help_text(command == "all"));
}

int run_version(const app::Settings&, const Verbosity&) { return print_and_leave(version_text()); }

struct Entry {
  const char* name;
  Handler handler;
};

const std::vector<Entry>& handlers() {
  static const std::vector<Entry> table = {
      {"inspect", inspect_command},
      {"compare", compare_command},
      {"convert", convert_command},
      {"get", get_command},
      {"bench", bench_command},
      {"report", report_command},
      {"doctor", run_doctor},
      {"completion", run_completion},
      {"help", run_help},
      {"version", run_version},
      {"man", run_man},
  };
  return table;
}

Handler handler_of(const app::SubcommandSpec& spec) {
  const auto found = std::find_if(handlers().begin(), handlers().end(),
                                  [&](const Entry& entry) { return std::string(entry.name) == spec.name; });
  if (found == handlers().end()) throw Error(ErrorCode::kRuntime, std::string(spec.name) + " has no function");
  return found->handler;
}

}  // namespace

const app::SubcommandSpec* find_subcommand(const std::vector<std::string>& args) {
  return args.empty() ? nullptr : app::find_subcommand(args.front());
}

int run_subcommand(const app::SubcommandSpec& spec, const std::vector<std::string>& args, bool stdout_open,
                   bool& json) {
  const std::vector<std::string> own(args.begin() + 1, args.end());
  json = wants_json(own, spec.options);
  if (!spec.available) {
    throw Error(ErrorCode::kUsage, std::string("the subcommand '") + spec.name + "' is not available in this version",
                "zimage-inpaint --help lists those that are");
  }
  switch (find_early(own, spec.options)) {
    case Early::kVersion: return print_and_leave(version_text());
    case Early::kHelp:
    case Early::kHelpAll: return print_and_leave(help_text(spec));
    case Early::kNone: break;
  }
  log::Options early;  // for errors before the options are known
  early.color = use_color("auto");
  log::configure(early);
  app::Settings settings(spec.options);
  parse_arguments(own, settings);
  read_environment(settings);
  const Verbosity verbosity = resolve_verbosity(settings);
  json = verbosity.json;
  log::configure(verbosity.log);
  settings.check_values();
  if (!stdout_open) {
    throw Error(ErrorCode::kUsage, "stdout is closed, but the result goes there", "send it to /dev/null if not needed");
  }
  return handler_of(spec)(settings, verbosity);
}

}  // namespace zimage::cli
