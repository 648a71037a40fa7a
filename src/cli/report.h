// Results on stdout: the path a line, or JSON.
#pragma once

#include <filesystem>
#include <string>

#include "app/report/report.h"

namespace zimage::cli {

/// One object, one line, every key of the contract; what isn't known is null.
std::string to_json_line(const app::JobReport& report);

/// A subcommand's failure, one line: {"status": "error", "command", "error"}.
std::string to_error_line(const std::string& command, const Error& error);

/// The plan of a dry run for people.
std::string to_plan_text(const app::JobReport& report);

/// `--report`: the lines of --json in a file, each there as soon as its job is done.
class ReportFile {
 public:
  /// Begins the file anew. Errors: kUsage if it exists and may not be replaced, or can't be written.
  ReportFile(const std::filesystem::path& path, bool may_replace);
  ~ReportFile();
  ReportFile(const ReportFile&) = delete;
  ReportFile& operator=(const ReportFile&) = delete;

  /// Errors: kRuntime.
  void write(const std::string& line);

 private:
  std::filesystem::path path_;
  int fd_ = -1;
};

class StdoutReporter : public app::Reporter {
 public:
  /// `report` may be null.
  StdoutReporter(bool json, ReportFile* report) : json_(json), report_(report) {}
  bool wants_figures() const override { return json_ || report_ != nullptr; }
  void job(const app::JobReport& report) override;
  void picture(const std::vector<std::uint8_t>& png) override;

 private:
  bool json_;
  ReportFile* report_;
};

}  // namespace zimage::cli
