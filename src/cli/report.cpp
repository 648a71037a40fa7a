#include "cli/report.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "app/report/memory_table.h"
#include "app/report/report_json.h"
#include "base/log.h"
#include "base/regular_file.h"
#include "base/text.h"
#include "cli/terminal.h"
#include "zimage/error.h"

namespace zimage::cli {
namespace {

using app::JobReport;
using nlohmann::ordered_json;

std::string option_text(const JobReport& report, const char* name) {
  const ordered_json value = report.options.value(name, ordered_json());
  return printable(value.is_string() ? value.get<std::string>() : value.dump());
}

/// Writes to stdout, and keeps a progress bar out of the way, for the two may meet on one terminal.
void write_result(std::string_view text) {
  log::around_line([&] { write_stdout(text); }, stdout_is_terminal());
}

/// Refuses to replace a file that is no report: its first line must be a job's.
void require_report(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error) || std::filesystem::file_size(path, error) == 0) return;
  constexpr std::string_view kJob = "{\"status\":";
  const std::vector<std::uint8_t> begin = read_start(path, kJob.size(), ErrorCode::kUsage);
  if (std::equal(kJob.begin(), kJob.end(), begin.begin(), begin.end())) return;
  throw Error(ErrorCode::kUsage, path.string() + " exists, and is no report of an earlier run",
              "give --report another path");
}

}  // namespace

std::string to_plan_text(const JobReport& report) {
  std::ostringstream out;
  out << "image     " << option_text(report, "image") << " (" << size_text(report.width, report.height) << ")\n";
  if (!report.options.value("mask", ordered_json()).is_null())
    out << "mask      " << option_text(report, "mask") << "\n";
  out << "prompt    " << option_text(report, "prompt") << "\n";
  out << "output    " << printable(app::output_text(report)) << (report.status == "skipped" ? " (kept as it is)" : "")
      << "\n";
  out << "seed      " << *report.seed << "\n";
  out << "strategy  " << *report.strategy << " (" << report.strategy_reason << ")\n";
  for (const WorkingRegion& r : report.regions) {
    out << "region    " << size_text(r.width, r.height) << " at " << r.x << "," << r.y << ", worked on at "
        << size_text(r.working_width, r.working_height) << "\n";
  }
  out << "steps     " << option_text(report, "steps") << " ("
      << app::forwards_text(*report.forwards, report.guided_forwards.value_or(0)) << ")\n";
  out << "shift     " << option_text(report, "shift") << "\n";
  out << "guidance  " << ordered_json(report.guidance_scale.value_or(1.0)).dump()
      << (report.guidance_scale == 1.0 ? " (off)\n" : "\n");
  out << "sigmas   ";
  for (const double sigma : report.sigmas) out << ' ' << sigma;
  out << "\nmodel     " << report.model->name << " (" << report.model->parameters << " parameters, "
      << report.model->device << ", " << report.model->dtype << ")\n";
  out << "variant   " << to_string(report.model->variant) << " (" << printable(report.model->variant_reason) << ")\n";
  if (report.memory) {
    const char* name = "memory    ";
    for (const std::string& line : app::memory_table(*report.memory)) {
      out << name << line << "\n";
      name = "          ";
    }
  }
  for (const auto& file : report.model->files) out << "file      " << printable(file.string()) << "\n";
  return out.str();
}

ReportFile::ReportFile(const std::filesystem::path& path, Existing existing) : path_(path) {
  if (existing == Existing::kReportReplaced) require_report(path);
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND | (existing == Existing::kRefused ? O_EXCL : 0);
  fd_ = ::open(path.c_str(), flags, 0666);
  if (fd_ >= 0) {
    begin(existing);
    return;
  }
  if (errno == EEXIST) {
    throw Error(ErrorCode::kUsage, path.string() + " already exists",
                "replace it with --overwrite, or name another with --report");
  }
  throw Error(ErrorCode::kUsage, path.string() + " can't be written: " + std::strerror(errno),
              "give --report a path in a folder that can be written");
}

void ReportFile::begin(Existing existing) {
  // The lock goes with the descriptor, so a run that was killed holds none. Not every file system has locks.
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    log::notice(printable(path_.string()) + " is being written by another run: the lines of both go there");
  } else if (existing != Existing::kRefused && ::ftruncate(fd_, 0) != 0 && errno != EINVAL) {
    const int error = errno;
    ::close(fd_);
    throw Error(ErrorCode::kUsage, path_.string() + " can't be written: " + std::strerror(error),
                "give --report a path in a folder that can be written");
  }
}

ReportFile::~ReportFile() { ::close(fd_); }

void ReportFile::write(const std::string& line) {
  if (write_all(fd_, line)) return;
  throw Error(ErrorCode::kRuntime, path_.string() + " can't be written: " + std::strerror(errno));
}

void StdoutReporter::job(const JobReport& report) {
  if (report_ != nullptr || json_) {
    const ordered_json json = app::to_json(report);
    if (report_ != nullptr) report_->write(app::json_line(json, false));
    if (json_) return write_result(app::json_line(json, stdout_is_terminal()));
  }
  if (report.status == "error") return;
  if (report.status == "planned") return write_result(to_plan_text(report));
  // With --output - stdout holds the picture and nothing else.
  if (!report.output || report.output->empty()) return;
  // A script gets the path's own bytes; a terminal must not act on them.
  const std::string path = report.output->string();
  write_result((stdout_is_terminal() ? printable(path) : path) + "\n");
}

void StdoutReporter::picture(const std::vector<std::uint8_t>& png) {
  write_stdout({reinterpret_cast<const char*>(png.data()), png.size()});
}

}  // namespace zimage::cli
