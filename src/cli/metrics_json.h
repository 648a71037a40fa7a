// Measures of two pictures as JSON.
#pragma once

#include <nlohmann/json.hpp>

#include "app/golden/golden.h"

namespace zimage::cli {

/// {"max", "mean", "psnr", "ssim", "changed_pixels", "changed_share", "pixels"}; psnr is null where nothing differs.
nlohmann::ordered_json metrics_json(const PictureMetrics& metrics);

/// {"path", "status", "max", "mean", "psnr", "ssim", "changed_pixels", "changed_share", "pixels", "difference"}; what
/// wasn't measured or drawn is null.
nlohmann::ordered_json golden_json(const app::GoldenResult& result);

}  // namespace zimage::cli
