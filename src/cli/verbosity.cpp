#include "cli/verbosity.h"

#include "app/options/available.h"
#include "cli/terminal.h"
#include "zimage/error.h"

namespace zimage::cli {
namespace {

ProgressMode progress_mode(const app::Settings& settings, bool quiet) {
  if (!settings.knows("progress")) return ProgressMode::kNone;
  const std::string mode = settings.text("progress");
  if (mode == "plain") return ProgressMode::kPlain;
  if (mode == "json") return ProgressMode::kJson;
  if (mode == "none" || quiet) return ProgressMode::kNone;
  return stderr_is_terminal() ? ProgressMode::kBar : ProgressMode::kPlain;
}

/// Returns the log's path. Creates no folders for it, which a typing error would leave about. Errors: kUsage.
std::filesystem::path log_file(const app::Settings& settings) {
  const std::filesystem::path path = settings.text("log-file");
  app::check_own_file(settings, "log-file");
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::error_code ignored;
  if (!path.empty() && !std::filesystem::is_directory(folder, ignored)) {
    throw Error(ErrorCode::kUsage, "--log-file " + path.string() + ": there is no folder " + folder.string(),
                "make it, or give another path");
  }
  return path;
}

}  // namespace

Verbosity resolve_verbosity(const app::Settings& settings) {
  const auto verbose = settings.integer("verbose");
  const bool quiet = settings.flag("quiet") && verbose == 0;
  Verbosity verbosity;
  verbosity.json = settings.knows("json") && settings.flag("json");
  verbosity.show = settings.knows("show") && settings.flag("show") && !settings.flag("dry-run");
  verbosity.show_steps = verbosity.show && verbose > 0;
  verbosity.progress = progress_mode(settings, quiet);
  verbosity.log.color = use_color(settings.text("color"));
  verbosity.log.file = log_file(settings);
  verbosity.log.level = quiet          ? log::Level::kWarning
                        : verbose == 0 ? log::Level::kNotice
                        : verbose == 1 ? log::Level::kInfo
                                       : log::Level::kDebug;
  return verbosity;
}

}  // namespace zimage::cli
