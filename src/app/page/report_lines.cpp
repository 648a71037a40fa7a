#include "app/page/report_lines.h"

#include <sstream>
#include <utility>

#include "base/regular_file.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "base/text_encoding.h"
#include "zimage/error.h"

namespace zimage::app {
namespace fs = std::filesystem;
using nlohmann::ordered_json;
namespace {

constexpr std::size_t kReportLimit = std::size_t{1} << 30;
constexpr const char* kHint = "give the file of --report, or the lines that --json printed";

ordered_json parsed(const std::string& text) {
  if (const std::string problem = encoding_problem(text); !problem.empty()) {
    throw Error(ErrorCode::kInput, problem, kHint);
  }
  try {
    parse_strict_json(text, "");  // refuses what two readers could understand differently
  } catch (const Error& error) {
    const std::string& message = error.message();
    throw Error(ErrorCode::kInput, message.substr(message.find_first_not_of(' ')), kHint);
  }
  return ordered_json::parse(text);
}

/// Brings a line of `compare --json` into the form of a job that was compared with its golden picture.
ordered_json as_job(const ordered_json& compared) {
  ordered_json golden = {{"path", compared.value("b", ordered_json())},
                         {"status", compared.value("status", ordered_json())}};
  for (const char* key : {"max", "mean", "psnr", "ssim", "changed_pixels", "changed_share"}) {
    golden[key] = compared.value(key, ordered_json());
  }
  return {{"output", compared.value("a", ordered_json())},
          {"mask", compared.value("mask", ordered_json())},
          {"size", compared.value("size", ordered_json())},
          {"tolerance", compared.value("tolerance", ordered_json())},
          {"golden", golden}};
}

}  // namespace

ReportLine::ReportLine(const std::string& text, std::size_t number) : json_(parsed(text)), number_(number) {
  if (!json_.contains("status") || !json_["status"].is_string()) {
    throw Error(ErrorCode::kInput, "is no line of a report: it has no \"status\"", kHint);
  }
  status_ = json_["status"].get<std::string>();
  comparison_ = json_.value("command", ordered_json()) == "compare" && !failed();
  if (comparison_) json_ = as_job(json_);
}

bool ReportLine::is_mask() const {
  const auto null = [&](const char* key) { return json_.contains(key) && json_[key].is_null(); };
  return status_ == "ok" && null("prompt") && null("strategy");
}

const ordered_json& ReportLine::value(std::initializer_list<const char*> keys) const {
  static const ordered_json kNone;
  const ordered_json* at = &json_;
  for (const char* key : keys) {
    const auto found = at->is_object() ? at->find(key) : at->end();
    if (found == at->end()) return kNone;
    at = &*found;
  }
  return *at;
}

std::optional<std::string> ReportLine::text(std::initializer_list<const char*> keys) const {
  const ordered_json& found = value(keys);
  if (found.is_null()) return std::nullopt;
  return found.is_string() ? found.get<std::string>() : found.dump();
}

std::optional<double> ReportLine::number(std::initializer_list<const char*> keys) const {
  const ordered_json& found = value(keys);
  return found.is_number() ? std::optional(found.get<double>()) : std::nullopt;
}

bool ReportLine::flag(std::initializer_list<const char*> keys) const {
  const ordered_json& found = value(keys);
  return found.is_boolean() && found.get<bool>();
}

fs::path ReportLine::path(std::initializer_list<const char*> keys) const {
  const ordered_json& found = value(keys);
  const std::string text = found.is_string() ? found.get<std::string>() : "";
  // Whoever opens a file would take the name to end at a zero character.
  return text == "-" || text.find('\0') != std::string::npos ? fs::path() : fs::path(text);
}

std::string ReportLine::name() const {
  for (const char* key : {"output", "image"}) {
    const fs::path named = path({key});
    if (!named.filename().empty()) return named.filename().string();
  }
  return "line " + std::to_string(number_);
}

ReportText read_report(const fs::path& path) {
  const std::string name = path.string();
  const std::string read = read_text_file(path, kReportLimit, ErrorCode::kInput);
  const bool whole = read.ends_with('\n');
  std::istringstream text(read);
  ReportText report;
  std::size_t number = 0;
  for (std::string line; std::getline(text, line);) {
    const bool last_part = text.eof() && !whole;
    if (++number == 1) remove_byte_order_mark(line);
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    try {
      const ReportLine checked(line, number);
      report.lines.push_back({number, std::move(line)});
    } catch (const Error& error) {
      if (!last_part) {
        throw Error(ErrorCode::kInput, concat({name, " line ", std::to_string(number), " ", error.message()}),
                    error.hint());
      }
      report.truncated = true;
    }
  }
  if (report.lines.empty()) {
    throw Error(ErrorCode::kInput, concat({"there is no ", report.truncated ? "whole line" : "job", " in ", name}),
                kHint);
  }
  return report;
}

}  // namespace zimage::app
