#include "cli/bench_command.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "app/report/report_json.h"
#include "app/tools/bench.h"
#include "base/bytes_text.h"
#include "base/text.h"
#include "cli/help.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "zimage/version.h"

namespace zimage::cli {
namespace {

using nlohmann::ordered_json;

std::string number(const char* format, double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

std::string count(std::int64_t value, const char* one, const char* many) {
  return concat({std::to_string(value), " ", value == 1 ? one : many});
}

/// Returns a table's row; the first cell is aligned left, the others right.
std::string row(const std::vector<std::string>& cells) {
  constexpr std::size_t kFirst = 15;
  constexpr std::size_t kOthers = 11;
  std::string text = cells.front();
  text.append(text.size() < kFirst ? kFirst - text.size() : 0, ' ');
  for (std::size_t i = 1; i < cells.size(); ++i) {
    text.append(cells[i].size() < kOthers ? kOthers - cells[i].size() : 1, ' ').append(cells[i]);
  }
  return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
}

/// Times from a tenth of a millisecond to hours have four digits or more.
std::string ms_text(double ms) { return number(ms < 1000 ? "%.1f ms" : "%.0f ms", ms); }

std::string stage_row(const app::BenchStage& stage, const GemmCeiling& ceiling) {
  const app::Spread spread = stage.spread();
  std::vector<std::string> cells{stage.name, ms_text(spread.median), ms_text(spread.fastest), ms_text(spread.slowest)};
  if (stage.gflops() > 0.0) {
    cells.push_back(number("%.4g", stage.operations / 1e9));
    cells.push_back(number("%.1f", stage.gflops()));
    cells.push_back(number("%.0f %%", 100.0 * stage.gflops() / ceiling.gflops));
  }
  return row(cells);
}

std::string size_text_of(const app::BenchSize& size) {
  const GemmCeiling& ceiling = size.ceiling;
  const app::BenchCounts& counts = size.counts;
  std::string text =
      concat({"\n", zimage::size_text(size.size.width, size.size.height), ": ", std::to_string(size.work.image_tokens),
              " image and ", std::to_string(size.work.caption_tokens), " caption tokens, ",
              count(counts.forwards, "forward", "forwards"), " a run\n\n"});
  text += row({"", "median", "fastest", "slowest", "GFLOP", "GFLOP/s", "of at::linear"});
  for (const app::BenchStage& stage : size.stages) text += stage_row(stage, ceiling);
  text += concat({"\nat::linear does ", number("%.1f", ceiling.gflops), " GFLOP/s in ", ceiling.dtype, " on [",
                  std::to_string(ceiling.rows), ", ", std::to_string(ceiling.in), "] by [", std::to_string(ceiling.in),
                  ", ", std::to_string(ceiling.out), "].\n"});
  text += concat({"The process took ", number("%.0f", size.peak_memory_mb), " MiB at most, where the plan expected ",
                  number("%.0f", static_cast<double>(size.memory.host_peak) / (1 << 20))});
  if (size.device_peak_bytes > 0)
    text += concat({", and ", bytes_text(size.device_peak_bytes), " of the device's memory"});
  text += concat({"; it read ", bytes_text(counts.bytes_loaded), " of weights in a run.\nA step takes ",
                  std::to_string(counts.allocations_per_step), " allocations and ",
                  std::to_string(counts.operators_per_step), " calls of operators.\n"});
  return text;
}

std::string text_of(const app::BenchJob& job, const app::BenchReport& report) {
  const ModelInfo& model = report.model;
  std::string text = concat({version_line(), ", libtorch ", torch_version(), "\n"});
  text += concat({report.machine.cpu.empty() ? "unknown processor" : printable(report.machine.cpu), ", ",
                  report.machine.vector_level, ", ", count(report.compute.threads, "thread", "threads"), "\n"});
  text += concat({printable(model.name), ": ", count(model.dit_layers, "layer", "layers"), ", width ",
                  std::to_string(model.dit_dim), ", ", parameters_text(model.parameters),
                  model.controlnet.empty() ? "" : ", ControlNet ", model.controlnet, "; ", model.device, ", ",
                  model.dtype, "\n"});
  text += concat({count(job.repeat, "run", "runs"), " after ", std::to_string(job.warmup), " to warm up, each with ",
                  count(job.steps, "step", "steps"), "; a model is opened anew for each\n"});
  for (const app::BenchSize& size : report.sizes) text += size_text_of(size);
  return text;
}

double rounded(double value) { return std::round(value * 1000) / 1000; }

ordered_json stage_json(const app::BenchStage& stage, const GemmCeiling& ceiling) {
  const app::Spread spread = stage.spread();
  const bool counted = stage.gflops() > 0.0;
  ordered_json times = ordered_json::array();
  for (const double ms : stage.times) times.push_back(rounded(ms));
  return {{"median_ms", rounded(spread.median)},
          {"fastest_ms", rounded(spread.fastest)},
          {"slowest_ms", rounded(spread.slowest)},
          {"spread", rounded(spread.relative())},
          {"times_ms", times},
          {"operations", counted ? ordered_json(stage.operations) : ordered_json()},
          {"gflops", counted ? ordered_json(rounded(stage.gflops())) : ordered_json()},
          {"share_of_gemm", counted ? ordered_json(rounded(stage.gflops() / ceiling.gflops)) : ordered_json()}};
}

ordered_json size_json(const app::BenchSize& size) {
  const GemmCeiling& ceiling = size.ceiling;
  ordered_json stages = ordered_json::object();
  for (const app::BenchStage& stage : size.stages) stages[stage.name] = stage_json(stage, ceiling);
  return {{"size", {size.size.width, size.size.height}},
          {"image_tokens", size.work.image_tokens},
          {"caption_tokens", size.work.caption_tokens},
          {"stages", stages},
          {"gemm",
           {{"dtype", ceiling.dtype},
            {"shape", {ceiling.rows, ceiling.in, ceiling.out}},
            {"gflops", rounded(ceiling.gflops)}}},
          {"memory", app::memory_json(size.memory)},
          {"peak_memory_mb", size.peak_memory_mb},
          {"device_peak_bytes", size.device_peak_bytes == 0 ? ordered_json() : ordered_json(size.device_peak_bytes)},
          {"counted",
           {{"forwards", size.counts.forwards},
            {"operations", size.counts.operations},
            {"allocations_per_step", size.counts.allocations_per_step},
            {"operators_per_step", size.counts.operators_per_step},
            {"bytes_loaded", size.counts.bytes_loaded}}}};
}

std::string json_of(const app::BenchJob& job, const app::BenchReport& report) {
  const ModelInfo& model = report.model;
  ordered_json sizes = ordered_json::array();
  for (const app::BenchSize& size : report.sizes) sizes.push_back(size_json(size));
  const ordered_json out{{"status", "ok"},
                         {"command", "bench"},
                         {"version", version()},
                         {"commit", git_commit()},
                         {"libtorch", torch_version()},
                         {"cpu",
                          {{"name", utf8_or_printable(report.machine.cpu)},
                           {"cores", report.machine.cores},
                           {"vector_level", report.machine.vector_level}}},
                         {"device", model.device},
                         {"dtype", model.dtype},
                         {"threads", report.compute.threads},
                         {"model",
                          {{"name", utf8_or_printable(model.name)},
                           {"random_weights", model.random_weights},
                           {"layers", model.dit_layers},
                           {"width", model.dit_dim},
                           {"parameters", model.parameters},
                           {"controlnet", model.controlnet.empty() ? ordered_json() : ordered_json(model.controlnet)}}},
                         {"steps", job.steps},
                         {"warmup", job.warmup},
                         {"repeat", job.repeat},
                         {"sizes", sizes}};
  return app::json_line(out, stdout_is_terminal());
}

}  // namespace

int bench_command(const app::Settings& settings, const Verbosity& verbosity) {
  const app::BenchJob job = app::bench_job(settings);
  app::BenchReport report;
  {
    const auto progress = make_progress(verbosity.progress);
    report = app::run_bench(job, *progress);
  }
  write_stdout(verbosity.json ? json_of(job, report) : text_of(job, report));
  return 0;
}

}  // namespace zimage::cli
