// Two picture files compared: `zimage-inpaint compare`.
#pragma once

#include <filesystem>

#include "image/metrics/picture_metrics.h"

namespace zimage::app {

struct CompareJob {
  std::filesystem::path a;
  std::filesystem::path b;
  std::filesystem::path mask;        ///< empty: none
  std::filesystem::path difference;  ///< PNG to write; empty: none
  int tolerance = 0;                 ///< in 8-bit levels
  bool overwrite = false;            ///< replace an existing `difference`
};

struct CompareReport {
  int width_a = 0;
  int height_a = 0;
  int width_b = 0;
  int height_b = 0;
  PictureComparison metrics;   ///< without meaning where the sizes differ
  double amplification = 0.0;  ///< of the difference picture; 0: none was written

  bool same_size() const { return width_a == width_b && height_a == height_b; }
  bool matches(int tolerance) const { return same_size() && metrics.whole.max <= tolerance; }
};

/// Errors: kInput for a file that is no picture, and a mask that is neither of the pictures' size nor their aspect;
/// kUsage if the difference picture can't be written there, before anything is read, kRuntime after.
CompareReport compare_files(const CompareJob& job);

}  // namespace zimage::app
