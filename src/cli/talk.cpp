#include "cli/talk.h"

#include "cli/terminal.h"

namespace zimage::cli {
namespace {

ProgressMode progress_mode(const app::Settings& settings, bool quiet) {
  const std::string mode = settings.text("progress");
  if (mode == "plain") return ProgressMode::kPlain;
  if (mode == "json") return ProgressMode::kJson;
  if (mode == "none" || quiet) return ProgressMode::kNone;
  return stderr_is_terminal() ? ProgressMode::kBar : ProgressMode::kPlain;
}

}  // namespace

Talk resolve_talk(const app::Settings& settings) {
  const auto verbosity = settings.integer("verbose");
  const bool quiet = settings.flag("quiet") && verbosity == 0;
  Talk talk;
  talk.json = settings.flag("json");
  talk.progress = progress_mode(settings, quiet);
  talk.log.color = use_color(settings.text("color"));
  talk.log.file = settings.text("log-file");
  talk.log.level = quiet            ? log::Level::kWarning
                   : verbosity == 0 ? log::Level::kNotice
                   : verbosity == 1 ? log::Level::kInfo
                                    : log::Level::kDebug;
  return talk;
}

}  // namespace zimage::cli
