// `zimage-inpaint compare`: compares two picture files.
#pragma once

#include <filesystem>

#include "image/metrics/picture_metrics.h"

namespace zimage::app {

/// The pictures to compare, and the limits.
struct CompareJob {
  std::filesystem::path a;
  std::filesystem::path b;
  std::filesystem::path mask;        ///< empty: none
  std::filesystem::path difference;  ///< PNG to write; empty: none
  int tolerance = 0;                 ///< in 8-bit levels
  bool overwrite = false;            ///< replace an existing `difference`
};

/// The outcome of a comparison.
struct CompareReport {
  int width_a = 0;
  int height_a = 0;
  int width_b = 0;
  int height_b = 0;
  PictureComparison metrics;   ///< meaningless if the sizes differ
  double amplification = 0.0;  ///< the difference picture's; 0: none was written

  bool same_size() const { return width_a == width_b && height_a == height_b; }
  bool matches(int tolerance) const { return same_size() && metrics.whole.max <= tolerance; }
};

/// Compares the two files. Errors: kInput for a file that is not a picture, and for a mask of another aspect ratio;
/// kUsage if the difference picture can't be written there, before anything is read; kRuntime if writing it fails.
CompareReport compare_files(const CompareJob& job);

}  // namespace zimage::app
