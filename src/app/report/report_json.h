// Reports as JSON: the lines of --json and --report, which docs/guide.md describes key by key.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "app/report/report.h"

namespace zimage::app {

/// Returns a memory plan as reports hold it.
nlohmann::ordered_json memory_json(const MemorySummary& memory);

/// Returns where the result goes: its path, or "-" for stdout.
std::string output_text(const JobReport& report);

/// Returns how often the DiT runs, `guided` times with the negative prompt too: "8 forwards, twice each for guidance".
std::string forwards_text(int forwards, int guided);

/// Returns JSON on one line; bytes that aren't UTF-8 are replaced. With `ascii`, for a terminal, all else is escaped.
std::string json_line(const nlohmann::ordered_json& json, bool ascii);

/// Returns the report as an object with every key of the contract; what isn't known is null. Peak memory is measured by
/// this call, so lines that must agree are made of one object.
nlohmann::ordered_json to_json(const JobReport& report);

/// Returns one object on one line, with every key of the contract; what isn't known is null.
std::string to_json_line(const JobReport& report, bool ascii = false);

/// Returns a subcommand's failure on one line: {"status": "error", "command", "error"}.
std::string to_error_line(const std::string& command, const Error& error, bool ascii);

/// Returns {"max", "mean", "psnr", "ssim", "changed_pixels", "changed_share", "pixels"}; psnr is null if all are equal.
nlohmann::ordered_json metrics_json(const PictureMetrics& metrics);

/// Returns {"path", "status", "difference"} and the keys of metrics_json(); what wasn't measured or drawn is null.
nlohmann::ordered_json golden_json(const GoldenResult& result);

}  // namespace zimage::app
