#include "cli/report.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "base/text.h"
#include "cli/metrics_json.h"
#include "cli/terminal.h"
#include "zimage/error.h"

namespace zimage::cli {
namespace {

using app::JobReport;
using nlohmann::ordered_json;

template <typename T>
ordered_json or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

/// The largest resident size of the process so far, in MiB. Not getrusage's, which counts what the process that started
/// this one took before.
double peak_memory_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::strtod(line.c_str() + 6, nullptr) / 1024.0;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

/// The value of an option that is reported; null where it isn't known.
ordered_json option(const JobReport& report, const char* name) { return report.options.value(name, ordered_json()); }

std::string option_text(const JobReport& report, const char* name) {
  const ordered_json value = option(report, name);
  return printable(value.is_string() ? value.get<std::string>() : value.dump());
}

ordered_json model_json(const JobReport& report) {
  if (!report.model) return {};
  const ModelInfo& model = *report.model;
  ordered_json out = {{"name", model.name},
                      {"path", report.model_path},
                      {"demo", model.demo},
                      {"random_weights", model.random_weights},
                      {"device", model.device},
                      {"dtype", model.dtype},
                      {"layers", model.dit_layers},
                      {"dim", model.dit_dim},
                      {"parameters", model.parameters},
                      {"controlnet", model.controlnet.empty() ? ordered_json() : ordered_json(model.controlnet)}};
  if (report.status == "planned") {
    out["files"] = ordered_json::array();
    for (const auto& file : model.files) out["files"].push_back(file.string());
  }
  return out;
}

ordered_json regions_json(const JobReport& report) {
  ordered_json regions = ordered_json::array();
  for (const WorkingRegion& r : report.regions) {
    regions.push_back({{"x", r.x},
                       {"y", r.y},
                       {"width", r.width},
                       {"height", r.height},
                       {"working_size", {r.working_width, r.working_height}}});
  }
  return regions;
}

/// Microseconds are as fine as a stage's time is worth.
ordered_json timings_json(const JobReport& report) {
  if (report.timings_ms.empty()) return {};
  ordered_json timings;
  for (const auto& [stage, ms] : report.timings_ms) timings[stage] = std::round(ms * 1000) / 1000;
  return timings;
}

ordered_json error_json(const Error& error) {
  return {{"code", static_cast<int>(error.code())},
          {"kind", to_string(error.code())},
          {"message", error.message()},
          {"hint", error.hint()}};
}

/// One line. A path that isn't UTF-8 must not cost it.
std::string line_of(const ordered_json& object) {
  return object.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string output_text(const JobReport& report) { return report.output->empty() ? "-" : report.output->string(); }

}  // namespace

std::string to_json_line(const JobReport& report) {
  ordered_json out;
  out["status"] = report.status;
  out["output"] = report.output ? ordered_json(output_text(report)) : ordered_json();
  out["image"] = option(report, "image");
  out["mask"] = option(report, "mask");
  out["prompt"] = option(report, "prompt");
  out["seed"] = or_null(report.seed);
  out["strength"] = option(report, "strength");
  out["strategy"] = or_null(report.strategy);
  out["strategy_reason"] = report.strategy ? ordered_json(report.strategy_reason) : ordered_json();
  out["control_scale"] = or_null(report.control_scale);
  out["steps"] = option(report, "steps");
  // Those that the option table says are reported, and that have no place of their own here.
  for (const auto& [name, value] : report.options.items()) {
    if (!out.contains(name)) out[name] = value;
  }
  out["forwards"] = or_null(report.forwards);
  out["sigmas"] = report.sigmas.empty() ? ordered_json() : ordered_json(report.sigmas);
  out["size"] = report.width > 0 ? ordered_json{report.width, report.height} : ordered_json();
  out["regions"] = report.regions.empty() ? ordered_json() : regions_json(report);
  out["changed_pixels"] = or_null(report.changed_pixels);
  out["max_change_outside_mask"] = or_null(report.max_change_outside_mask);
  if (report.mean_change_outside_mask) out["mean_change_outside_mask"] = *report.mean_change_outside_mask;
  out["golden"] = report.golden ? golden_json(*report.golden) : ordered_json();
  out["timings_ms"] = timings_json(report);
  out["peak_memory_mb"] = peak_memory_mb();
  out["model"] = model_json(report);
  if (report.error) out["error"] = error_json(*report.error);
  return line_of(out);
}

std::string to_error_line(const std::string& command, const Error& error) {
  return line_of({{"status", "error"}, {"command", command}, {"error", error_json(error)}});
}

std::string to_plan_text(const JobReport& report) {
  std::ostringstream out;
  out << "image     " << option_text(report, "image") << " (" << report.width << "x" << report.height << ")\n";
  if (!option(report, "mask").is_null()) out << "mask      " << option_text(report, "mask") << "\n";
  out << "prompt    " << option_text(report, "prompt") << "\n";
  out << "output    " << printable(output_text(report)) << (report.status == "skipped" ? " (kept as it is)" : "")
      << "\n";
  out << "seed      " << *report.seed << "\n";
  out << "strategy  " << *report.strategy << " (" << report.strategy_reason << ")\n";
  for (const WorkingRegion& r : report.regions) {
    out << "region    " << r.width << "x" << r.height << " at " << r.x << "," << r.y << ", worked on at "
        << r.working_width << "x" << r.working_height << "\n";
  }
  out << "steps     " << option_text(report, "steps") << " (" << *report.forwards << " forwards)\n";
  out << "sigmas   ";
  for (const double sigma : report.sigmas) out << ' ' << sigma;
  out << "\nmodel     " << report.model->name << " (" << report.model->parameters << " parameters, "
      << report.model->device << ", " << report.model->dtype << ")\n";
  for (const auto& file : report.model->files) out << "file      " << printable(file.string()) << "\n";
  return out.str();
}

ReportFile::ReportFile(const std::filesystem::path& path, bool may_replace) : path_(path) {
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND | (may_replace ? O_TRUNC : O_EXCL);
  fd_ = ::open(path.c_str(), flags, 0666);
  if (fd_ >= 0) return;
  if (errno == EEXIST) {
    throw Error(ErrorCode::kUsage, path.string() + " already exists",
                "replace it with --overwrite, or name another with --report");
  }
  throw Error(ErrorCode::kUsage, path.string() + " can't be written: " + std::strerror(errno),
              "give --report a path in a folder that can be written");
}

ReportFile::~ReportFile() { ::close(fd_); }

void ReportFile::write(const std::string& line) {
  if (write_all(fd_, line)) return;
  throw Error(ErrorCode::kRuntime, path_.string() + " can't be written: " + std::strerror(errno));
}

void StdoutReporter::job(const JobReport& report) {
  const std::string line = json_ || report_ != nullptr ? to_json_line(report) : "";
  if (report_ != nullptr) report_->write(line);
  if (json_) return write_stdout(line);
  if (report.status == "error") return;
  if (report.status == "planned") return write_stdout(to_plan_text(report));
  // With --output - stdout holds the picture and nothing else.
  if (report.output && !report.output->empty()) write_stdout(report.output->string() + "\n");
}

void StdoutReporter::picture(const std::vector<std::uint8_t>& png) {
  write_stdout({reinterpret_cast<const char*>(png.data()), png.size()});
}

}  // namespace zimage::cli
