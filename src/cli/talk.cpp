#include "cli/talk.h"

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

/// Folders aren't made for a log: a typing error would leave them about.
std::filesystem::path log_file(const app::Settings& settings) {
  const std::filesystem::path path = settings.text("log-file");
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::error_code ignored;
  if (!path.empty() && !std::filesystem::is_directory(folder, ignored)) {
    throw Error(ErrorCode::kUsage, "--log-file " + path.string() + ": there is no folder " + folder.string(),
                "make it, or give another path");
  }
  return path;
}

}  // namespace

Talk resolve_talk(const app::Settings& settings) {
  const auto verbosity = settings.integer("verbose");
  const bool quiet = settings.flag("quiet") && verbosity == 0;
  Talk talk;
  talk.json = settings.knows("json") && settings.flag("json");
  talk.progress = progress_mode(settings, quiet);
  talk.log.color = use_color(settings.text("color"));
  talk.log.file = log_file(settings);
  talk.log.level = quiet            ? log::Level::kWarning
                   : verbosity == 0 ? log::Level::kNotice
                   : verbosity == 1 ? log::Level::kInfo
                                    : log::Level::kDebug;
  return talk;
}

}  // namespace zimage::cli
