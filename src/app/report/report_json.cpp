#include "app/report/report_json.h"

#include <cmath>

#include "base/peak_memory.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

using nlohmann::ordered_json;

template <typename T>
ordered_json or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

/// Returns the value of a reported option; null if it isn't known.
ordered_json option(const JobReport& report, const char* name) {
  return report.options.is_object() ? report.options.value(name, ordered_json()) : ordered_json();
}

ordered_json loras_json(const ModelInfo& model) {
  ordered_json loras = ordered_json::array();
  for (const LoraInfo& lora : model.loras) {
    loras.push_back({{"file", lora.file.string()},
                     {"scale", lora.scale},
                     {"kind", lora.kind},
                     {"rank", lora.rank == 0 ? ordered_json() : ordered_json(lora.rank)},
                     {"layers", lora.layers},
                     {"unmatched", lora.unmatched}});
  }
  return loras;
}

ordered_json model_json(const JobReport& report) {
  if (!report.model) return {};
  const ModelInfo& model = *report.model;
  ordered_json out = {{"name", model.name},
                      {"path", report.model_path},
                      {"variant", to_string(model.variant)},
                      {"variant_reason", model.variant_reason},
                      {"demo", model.demo},
                      {"random_weights", model.random_weights},
                      {"device", model.device},
                      {"dtype", model.dtype},
                      {"layers", model.dit_layers},
                      {"dim", model.dit_dim},
                      {"parameters", model.parameters},
                      {"controlnet", model.controlnet.empty() ? ordered_json() : ordered_json(model.controlnet)},
                      {"loras", loras_json(model)}};
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

/// Returns the timings in milliseconds, rounded to microseconds.
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

}  // namespace

std::string forwards_text(int forwards, int guided) {
  std::string text = std::to_string(forwards) + (forwards == 1 ? " forward" : " forwards");
  if (guided == 0) return text;
  return text + (guided == forwards ? ", twice each for guidance"
                                    : ", " + std::to_string(guided) + " of them twice for guidance");
}

std::string output_text(const JobReport& report) { return report.output->empty() ? "-" : report.output->string(); }

std::string json_line(const ordered_json& json, bool ascii) {
  return json.dump(-1, ' ', ascii, ordered_json::error_handler_t::replace) + "\n";
}

ordered_json to_json(const JobReport& report) {
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
  out["shift"] = option(report, "shift");
  out["guidance_scale"] = or_null(report.guidance_scale);
  // Other options that the table says are reported, and that have no place of their own here.
  for (const auto& [name, value] : report.options.items()) {
    if (!out.contains(name)) out[name] = value;
  }
  out["forwards"] = or_null(report.forwards);
  out["guided_forwards"] = or_null(report.guided_forwards);
  out["sigmas"] = report.sigmas.empty() ? ordered_json() : ordered_json(report.sigmas);
  out["size"] = report.width > 0 ? ordered_json{report.width, report.height} : ordered_json();
  out["regions"] = report.regions.empty() ? ordered_json() : regions_json(report);
  out["changed_pixels"] = or_null(report.changed_pixels);
  out["max_change_outside_mask"] = or_null(report.max_change_outside_mask);
  if (report.mean_change_outside_mask) out["mean_change_outside_mask"] = *report.mean_change_outside_mask;
  out["golden"] = report.golden ? golden_json(*report.golden) : ordered_json();
  out["timings_ms"] = timings_json(report);
  out["peak_memory_mb"] = peak_memory_mb();
  out["memory"] = report.memory ? memory_json(*report.memory) : ordered_json();
  out["model"] = model_json(report);
  if (report.error) out["error"] = error_json(*report.error);
  return out;
}

ordered_json memory_json(const MemorySummary& memory) {
  ordered_json stages = ordered_json::array();
  for (const StageMemory& stage : memory.stages) {
    stages.push_back({{"stage", stage.stage},
                      {"weights_bytes", stage.weights},
                      {"work_bytes", stage.work},
                      {"host_bytes", stage.host}});
  }
  return {{"fits", memory.fits},
          {"peak_bytes", memory.peak},
          {"limit_bytes", memory.limit},
          {"host_peak_bytes", memory.host_peak},
          {"host_limit_bytes", memory.host_limit},
          {"residency", memory.residency},
          {"dtype_reason", memory.dtype_reason},
          {"stages", stages}};
}

std::string to_json_line(const JobReport& report, bool ascii) { return json_line(to_json(report), ascii); }

std::string to_error_line(const std::string& command, const Error& error, bool ascii) {
  return json_line({{"status", "error"}, {"command", command}, {"error", error_json(error)}}, ascii);
}

ordered_json metrics_json(const PictureMetrics& metrics) {
  return {{"max", metrics.max},
          {"mean", metrics.mean},
          {"psnr", metrics.psnr ? ordered_json(*metrics.psnr) : ordered_json()},
          {"ssim", metrics.ssim},
          {"changed_pixels", metrics.differing_pixels},
          {"changed_share", metrics.differing_share()},
          {"pixels", metrics.pixels}};
}

ordered_json golden_json(const GoldenResult& result) {
  ordered_json out = {{"path", result.path.string()}, {"status", to_string(result.status)}};
  ordered_json measures = metrics_json(result.metrics.value_or(PictureMetrics{}));
  for (const auto& [key, value] : measures.items()) out[key] = result.metrics ? value : ordered_json();
  out["difference"] = result.difference.empty() ? ordered_json() : ordered_json(result.difference.string());
  return out;
}

}  // namespace zimage::app
