#include "cli/compare_command.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "app/golden/compare.h"
#include "app/report/report_json.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/terminal.h"
#include "zimage/error.h"

namespace zimage::cli {
namespace {

using nlohmann::ordered_json;

app::CompareJob job_of(const app::Settings& settings) {
  app::CompareJob job;
  job.a = settings.text("A");
  job.b = settings.text("B");
  job.mask = settings.text("mask");
  job.difference = settings.text("difference");
  job.tolerance = static_cast<int>(settings.integer("tolerance"));
  job.overwrite = settings.flag("overwrite");
  return job;
}

std::string compare_line(const app::CompareJob& job, const app::CompareReport& report) {
  ordered_json out;
  out["status"] = report.matches(job.tolerance) ? "match" : "mismatch";
  out["command"] = "compare";
  out["a"] = job.a.string();
  out["b"] = job.b.string();
  out["size"] = {report.width_a, report.height_a};
  out["size_b"] = {report.width_b, report.height_b};
  out["tolerance"] = job.tolerance;
  const ordered_json measures = app::metrics_json(report.metrics.whole);
  for (const auto& [key, value] : measures.items()) out[key] = report.same_size() ? value : ordered_json();
  out["mask"] = job.mask.empty() ? ordered_json() : ordered_json(job.mask.string());
  for (const auto& [key, part] : {std::pair{"inside", report.metrics.inside}, {"outside", report.metrics.outside}}) {
    out[key] = part ? app::metrics_json(*part) : ordered_json();
  }
  const bool drawn = report.amplification > 0.0;
  out["difference"] = drawn ? ordered_json(job.difference.string()) : ordered_json();
  out["amplification"] = drawn ? ordered_json(report.amplification) : ordered_json();
  return app::json_line(out, stdout_is_terminal());
}

template <typename... Values>
std::string print(const char* format, Values... values) {
  std::array<char, 200> text{};
  const int size = std::snprintf(text.data(), text.size(), format, values...);
  return {text.data(), std::min(static_cast<std::size_t>(size), text.size() - 1)};
}

std::string table_row(const char* part, const PictureMetrics& m) {
  const std::string psnr = m.psnr ? print("%.2f", *m.psnr) : "inf";
  return print("%-8s %9.6g %10.5f %12zu %9.3f%% %8s %9.6f\n", part, m.max, m.mean, m.differing_pixels,
               100.0 * m.differing_share(), psnr.c_str(), m.ssim);
}

std::string table(const app::CompareJob& job, const app::CompareReport& report) {
  const PictureComparison& metrics = report.metrics;
  std::string text =
      print("%-8s %9s %10s %12s %10s %8s %9s\n", "", "largest", "mean", "differing", "share", "PSNR", "SSIM");
  text += table_row("whole", metrics.whole);
  if (metrics.inside) text += table_row("inside", *metrics.inside);
  if (metrics.outside) text += table_row("outside", *metrics.outside);
  if (report.amplification > 0.0) {
    text += printable(job.difference.string()) + print(": differences multiplied by %.6g\n", report.amplification);
  }
  return text;
}

std::string names(const app::CompareJob& job) {
  return printable(job.a.string()) + " and " + printable(job.b.string());
}

}  // namespace

int compare_command(const app::Settings& settings, const Verbosity& verbosity) {
  const app::CompareJob job = job_of(settings);
  const app::CompareReport report = app::compare_files(job);
  if (verbosity.json) {
    write_stdout(compare_line(job, report));
  } else if (report.same_size()) {
    write_stdout(table(job, report));
  }
  if (report.matches(job.tolerance)) return 0;
  if (!report.same_size()) {
    log::error(names(job) + " have different sizes: " +
               print("%dx%d and %dx%d", report.width_a, report.height_a, report.width_b, report.height_b));
  } else {
    const double most = report.metrics.whole.max;
    log::error(names(job) + print(" differ by up to %.6g %s; the tolerance is %d", most,
                                  most == 1.0 ? "level" : "levels", job.tolerance));
  }
  return static_cast<int>(ErrorCode::kGolden);
}

}  // namespace zimage::cli
