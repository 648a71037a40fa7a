#include "cli/metrics_json.h"

namespace zimage::cli {
using nlohmann::ordered_json;

ordered_json metrics_json(const PictureMetrics& metrics) {
  return {{"max", metrics.max},
          {"mean", metrics.mean},
          {"psnr", metrics.psnr ? ordered_json(*metrics.psnr) : ordered_json()},
          {"ssim", metrics.ssim},
          {"changed_pixels", metrics.differing_pixels},
          {"changed_share", metrics.differing_share()},
          {"pixels", metrics.pixels}};
}

ordered_json golden_json(const app::GoldenResult& result) {
  ordered_json out = {{"path", result.path.string()}, {"status", app::to_string(result.status)}};
  ordered_json measures = metrics_json(result.metrics.value_or(PictureMetrics{}));
  for (const auto& [key, value] : measures.items()) out[key] = result.metrics ? value : ordered_json();
  out["difference"] = result.difference.empty() ? ordered_json() : ordered_json(result.difference.string());
  return out;
}

}  // namespace zimage::cli
