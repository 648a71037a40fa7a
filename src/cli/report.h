// Results on stdout: the path a line, or JSON.
#pragma once

#include <string>

#include "app/report.h"

namespace zimage::cli {

/// One object, one line, every key of the contract; what isn't known is null.
std::string to_json_line(const app::JobReport& report);

/// A subcommand's failure, one line: {"status": "error", "command", "error"}.
std::string to_error_line(const std::string& command, const Error& error);

/// The plan of a dry run for people.
std::string to_plan_text(const app::JobReport& report);

class StdoutReporter : public app::Reporter {
 public:
  explicit StdoutReporter(bool json) : json_(json) {}
  void job(const app::JobReport& report) override;
  void picture(const std::vector<std::uint8_t>& png) override;

 private:
  bool json_;
};

}  // namespace zimage::cli
