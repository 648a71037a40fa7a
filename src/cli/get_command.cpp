#include "cli/get_command.h"

#include <iomanip>
#include <sstream>
#include <string>
#include <vector>

#include "app/report/report_json.h"
#include "app/tools/get_plan.h"
#include "app/tools/get_run.h"
#include "app/tools/published_files.h"
#include "base/bytes_text.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/terminal.h"
#include "zimage/error.h"

namespace zimage::cli {
namespace {

using nlohmann::ordered_json;

/// Returns the licence of a set's files, or all of them if they differ.
std::string licences_of(const app::PublishedSet& set) {
  std::string text;
  for (const app::PublishedFile& file : set.files) {
    if (text.find(file.licence) == std::string::npos) text += concat({text.empty() ? "" : ", ", file.licence});
  }
  return text;
}

std::string list_text() {
  std::ostringstream out;
  for (const app::PublishedSet& set : app::published_sets()) {
    out << std::left << std::setw(21) << set.name << set.what << '\n'
        << std::string(21, ' ') << decimal_bytes_text(set.bytes()) << " to download, " << licences_of(set) << '\n'
        << std::string(21, ' ') << "memory: " << set.memory << "\n";
  }
  out << "\nMemory is what runs of up to 512x512 took on a CPU; larger pictures take more.\n"
         "zimage-inpaint get NAME prints the commands for it; with --run it downloads it.\n";
  return out.str();
}

ordered_json text_or_null(const std::string& text) { return text.empty() ? ordered_json() : ordered_json(text); }

std::string list_json() {
  std::string lines;
  for (const app::PublishedSet& set : app::published_sets()) {
    const ordered_json out{{"status", "ok"},       {"command", "get"},         {"name", set.name},
                           {"what", set.what},     {"bytes", set.bytes()},     {"licence", licences_of(set)},
                           {"memory", set.memory}, {"files", set.files.size()}};
    lines += app::json_line(out, stdout_is_terminal());
  }
  return lines;
}

ordered_json file_json(const app::GetPlan& plan, const app::PlannedFile& planned) {
  const app::PublishedFile& file = *planned.file;
  return {{"option", file.option},
          {"kind", file.kind},
          {"repository", file.repository},
          {"file", file.path},
          {"url", planned.url},
          {"path", utf8_or_printable(planned.target.string())},
          {"bytes", file.bytes},
          {"sha256", text_or_null(file.sha256)},
          {"licence", file.licence},
          {"layers", file.layers},
          {"width", file.width},
          {"parameters", file.parameters},
          {"version", text_or_null(file.version)},
          {"there", planned.there},
          {"command", app::download_command(plan, planned, plan.folder)}};
}

std::string plan_json(const app::GetPlan& plan, bool run) {
  ordered_json files = ordered_json::array();
  for (const app::PlannedFile& file : plan.files) files.push_back(file_json(plan, file));
  const ordered_json out{{"status", run ? "ok" : "planned"},
                         {"command", "get"},
                         {"name", plan.set->name},
                         {"what", plan.set->what},
                         {"licence", licences_of(*plan.set)},
                         {"bytes", plan.set->bytes()},
                         {"missing_bytes", plan.missing_bytes()},
                         {"downloader", plan.downloader.name},
                         {"files", files},
                         {"use", app::use_command(plan)}};
  return app::json_line(out, stdout_is_terminal());
}

std::string paths_text(const app::GetPlan& plan) {
  std::string lines;
  for (const app::PlannedFile& file : plan.files) lines += file.target.string() + "\n";
  return lines;
}

}  // namespace

int get_command(const app::Settings& settings, const Verbosity& verbosity) {
  const app::GetJob job = app::get_job(settings);
  const bool run = settings.flag("run");
  if (job.name == "list") {
    if (run)
      throw Error(ErrorCode::kUsage, "--run doesn't say what to get", "name what to get: zimage-inpaint get lists it");
    write_stdout(verbosity.json ? list_json() : list_text());
    return 0;
  }
  const app::Hub hub = app::hub_of_environment();
  app::GetPlan plan = app::plan_get(job, hub, app::find_downloader(job.downloader));
  if (run) {
    app::run_get(plan, stderr_is_terminal() && log::enabled(log::Level::kNotice));
    plan = app::plan_get(job, hub, plan.downloader);  // all is there now
    log::notice(concat({"use it: ", app::shell_line(app::use_command(plan))}));
  }
  write_stdout(verbosity.json ? plan_json(plan, run) : run ? paths_text(plan) : app::download_script(plan));
  return 0;
}

}  // namespace zimage::cli
