// Writes results to stdout: one path per line, or JSON.
#pragma once

#include <filesystem>
#include <string>

#include "app/report/report.h"
#include "cli/terminal_pictures.h"

namespace zimage::cli {

/// Returns the plan of a dry run for people.
std::string to_plan_text(const app::JobReport& report);

/// `--report`: writes the lines of --json to a file, each as soon as its job is done.
class ReportFile {
 public:
  /// What becomes of a report that exists.
  enum class Existing { kRefused, kReportReplaced, kReplaced };
  /// Where another run is writing the file, the lines of both go there. Errors: kUsage if it exists and is refused, or
  /// only a report may be replaced and it is none, or it can't be written.
  ReportFile(const std::filesystem::path& path, Existing existing);
  ~ReportFile();
  ReportFile(const ReportFile&) = delete;
  ReportFile& operator=(const ReportFile&) = delete;

  /// Errors: kRuntime.
  void write(const std::string& line);

 private:
  void begin(Existing existing);

  std::filesystem::path path_;
  int fd_ = -1;
};

/// Writes reports to stdout, and to the file of --report if there is one. Shows results on a terminal that can.
class StdoutReporter : public app::Reporter {
 public:
  /// `report` may be null.
  StdoutReporter(bool json, ReportFile* report, TerminalPictures pictures = {})
      : json_(json), report_(report), pictures_(pictures) {}
  bool wants_figures() const override { return json_ || report_ != nullptr; }
  void job(const app::JobReport& report) override;
  void picture(const std::vector<std::uint8_t>& png) override;
  bool wants_pictures() const override { return pictures_.shows(); }
  void show(const Image& picture) override { pictures_.show_result(picture); }

 private:
  bool json_;
  ReportFile* report_;
  TerminalPictures pictures_;
};

}  // namespace zimage::cli
