#include "cli/inspect_command.h"

#include <iomanip>
#include <sstream>
#include <string>
#include <vector>

#include "app/report/memory_table.h"
#include "app/report/report_json.h"
#include "app/tools/inspect_files.h"
#include "base/bytes_text.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/terminal.h"
#include "zimage/error.h"

namespace zimage::cli {
namespace {

using nlohmann::ordered_json;

void row(std::ostream& out, const char* name, const std::string& value) {
  out << "  " << std::left << std::setw(11) << name << printable(value) << '\n';
}

std::string count_text(std::size_t count, const char* one, const char* many) {
  return concat({std::to_string(count), " ", count == 1 ? one : many});
}

std::string what_text(const FileReport& report) {
  std::string text = report.what;
  if (!report.variant.empty()) text += concat({" (", report.variant, ": ", report.variant_reason, ")"});
  if (!report.version.empty()) text += concat({", version ", report.version});
  if (report.layers > 0) text += concat({", ", count_text(static_cast<std::size_t>(report.layers), "layer", "layers")});
  if (report.width > 0) text += concat({", width ", std::to_string(report.width)});
  if (report.parameters > 0) text += concat({", ", parameters_text(report.parameters)});
  return text;
}

std::string range_text(double least, double most) {
  std::ostringstream out;
  out << least;
  if (most != least) out << " to " << most;
  return out.str();
}

std::string lora_text(const LoraFacts& lora) {
  if (lora.layers == 0) return "changes no layer of a Z-Image DiT";
  std::string text = lora.kinds;
  if (lora.most_rank > 0) {
    text += concat({", rank ", range_text(static_cast<double>(lora.least_rank), static_cast<double>(lora.most_rank))});
  }
  if (lora.least_alpha) text += concat({", alpha ", range_text(*lora.least_alpha, *lora.most_alpha)});
  text += concat({", changes ", count_text(lora.layers, "layer", "layers")});
  std::vector<std::string> touches;
  for (const auto& [kind, count] : lora.touches) touches.push_back(concat({kind, " ", std::to_string(count)}));
  if (!touches.empty()) text += concat({" (", list_some(touches, touches.size()), ")"});
  return text;
}

std::string joined_by_and(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += concat({text.empty() ? "" : " and ", item});
  return text;
}

/// Says what some weights have: "1 weight has NaN or infinity: a".
std::string weights_text(const std::vector<std::string>& names, const char* what) {
  return concat({count_text(names.size(), "weight has ", "weights have "), what, ": ", list_some(names)});
}

std::string text_of(const FileReport& report, const Machine& machine) {
  std::ostringstream out;
  out << printable(report.path.string()) << '\n';
  if (!report.what.empty()) row(out, "what", what_text(report));
  if (!report.format.empty()) row(out, "format", concat({report.format, ", ", bytes_text(report.bytes)}));
  if (report.lora) row(out, "LoRA", lora_text(*report.lora));
  for (const EncodingCount& count : report.encodings) {
    row(out, &count == &report.encodings.front() ? "encodings" : "",
        concat({count.name, ": ", count_text(count.tensors, "tensor", "tensors"), ", ", bytes_text(count.bytes)}));
  }
  if (report.memory_bytes > 0) {
    const std::string dtype =
        report.memory_dtype.empty() ? "" : concat({" in a run here, which computes in ", report.memory_dtype});
    row(out, "memory",
        concat({bytes_text(report.memory_bytes), " for its weights", dtype, "; this machine has ",
                bytes_text(machine.memory_bytes)}));
  }
  if (report.memory) {
    const char* name = "at 1 MP";
    for (const std::string& line : app::memory_table(*report.memory)) {
      row(out, name, line);
      name = "";
    }
  }
  if (!report.needs.empty()) row(out, "needs", joined_by_and(report.needs));
  for (const std::string& problem : report.problems) row(out, "problem", problem);
  if (!report.not_finite.empty()) row(out, "problem", weights_text(report.not_finite, "NaN or infinity"));
  if (!report.zero_scales.empty()) row(out, "problem", weights_text(report.zero_scales, "a scale of zero"));
  if (report.checked && report.usable()) row(out, "checked", "every number is finite, and no scale is zero");
  return out.str();
}

ordered_json texts(const std::vector<std::string>& items) {
  ordered_json list = ordered_json::array();
  for (const std::string& item : items) list.push_back(utf8_or_printable(item));
  return list;
}

ordered_json text_or_null(const std::string& text) {
  return text.empty() ? ordered_json() : ordered_json(utf8_or_printable(text));
}

ordered_json lora_json(const LoraFacts& lora) {
  ordered_json out{
      {"kinds", lora.kinds},   {"rank", {lora.least_rank, lora.most_rank}}, {"alpha", nullptr},
      {"layers", lora.layers}, {"touches", ordered_json::object()},         {"unmatched", texts(lora.unmatched)}};
  if (lora.least_alpha) out["alpha"] = {*lora.least_alpha, *lora.most_alpha};
  for (const auto& [kind, count] : lora.touches) out["touches"][kind] = count;
  return out;
}

std::string json_of(const FileReport& report, const Machine& machine) {
  ordered_json encodings = ordered_json::array();
  for (const EncodingCount& count : report.encodings) {
    encodings.push_back({{"encoding", count.name}, {"tensors", count.tensors}, {"bytes", count.bytes}});
  }
  ordered_json out{{"status", report.usable() ? "ok" : "error"},
                   {"command", "inspect"},
                   {"path", utf8_or_printable(report.path.string())},
                   {"kind", report.kind},
                   {"what", text_or_null(report.what)},
                   {"format", text_or_null(report.format)},
                   {"bytes", report.bytes},
                   {"variant", text_or_null(report.variant)},
                   {"variant_reason", text_or_null(report.variant_reason)},
                   {"version", text_or_null(report.version)},
                   {"layers", report.layers},
                   {"width", report.width},
                   {"parameters", report.parameters},
                   {"encodings", encodings},
                   {"lora", report.lora ? lora_json(*report.lora) : ordered_json()},
                   {"memory_bytes", report.memory_bytes},
                   {"memory_dtype", text_or_null(report.memory_dtype)},
                   {"memory", report.memory ? app::memory_json(*report.memory) : ordered_json()},
                   {"machine_memory_bytes", machine.memory_bytes},
                   {"needs", texts(report.needs)},
                   {"problems", texts(report.problems)},
                   {"checked", report.checked},
                   {"not_finite", texts(report.not_finite)},
                   {"zero_scales", texts(report.zero_scales)}};
  return app::json_line(out, stdout_is_terminal());
}

}  // namespace

int inspect_command(const app::Settings& settings, const Verbosity& verbosity) {
  std::size_t files = 0;
  std::vector<std::string> unusable;
  app::inspect_files(settings, [&](const FileReport& report, const Machine& machine) {
    if (files++ > 0 && !verbosity.json) write_stdout("\n");
    write_stdout(verbosity.json ? json_of(report, machine) : text_of(report, machine));
    if (!report.usable()) unusable.push_back(printable(report.path.string()));
  });
  if (unusable.empty()) return 0;
  log::error(files == 1 ? concat({unusable.front(), " can't be used: see above"})
                        : concat({std::to_string(unusable.size()), " of ", std::to_string(files),
                                  " files can't be used: ", list_some(unusable)}));
  return static_cast<int>(ErrorCode::kModel);
}

}  // namespace zimage::cli
