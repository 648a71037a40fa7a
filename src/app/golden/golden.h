// Golden checks: they compare a result's file with the picture that it should be. They know neither job nor model, and
// take one call per output, on any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "image/metrics/picture_metrics.h"

namespace zimage::app {

enum class GoldenStatus {
  kMatch,
  kMismatch,  ///< beyond the tolerance, or of another size
  kMissing,   ///< there is no golden picture
  kUpdated    ///< the golden picture was written
};

/// Returns "match", "mismatch", "missing" or "updated".
const char* to_string(GoldenStatus status);

/// The golden picture to check a result against, and the tolerance.
struct GoldenCheck {
  std::filesystem::path golden{};  ///< the golden picture's file
  int tolerance = 0;               ///< largest difference of a sample that still matches, in 8-bit levels
  bool update = false;             ///< write the golden picture instead
  /// Where to draw a mismatch (PNG, see difference_picture()); empty: nowhere.
  std::filesystem::path difference{};
  bool overwrite = false;  ///< replace an existing `difference`
};

/// The outcome of a golden check.
struct GoldenResult {
  GoldenStatus status = GoldenStatus::kMissing;
  std::filesystem::path path{};             ///< the golden picture's file
  std::optional<PictureMetrics> metrics{};  ///< set for a match or mismatch if the sizes agree
  std::string note{};                       ///< why there are no metrics, for people: "is 8x8, the result 16x16"
  std::filesystem::path difference{};       ///< the difference picture that was written; empty: none

  bool failed() const { return status == GoldenStatus::kMismatch || status == GoldenStatus::kMissing; }
};

/// Returns the picture that the output `relative` (below the output folder) is compared with: `golden` if it is a file,
/// else the file of that name in it. A path that ends in a slash is a folder, even if it doesn't exist yet.
std::filesystem::path golden_path(const std::filesystem::path& golden, const std::filesystem::path& relative);
bool is_golden_folder(const std::filesystem::path& golden);

/// Returns `STEM-difference.png` beside an output.
std::filesystem::path difference_path(const std::filesystem::path& output);

/// Compares `encoded`, the bytes of a picture's file, with the golden picture. With `update`, writes them to its path
/// instead, whole or not at all, and creates its folders. A mismatch is a result, not an error.
/// Errors: kInput if the golden file is not a whole picture; kRuntime if a file can't be written.
GoldenResult check_golden(const std::vector<std::uint8_t>& encoded, const GoldenCheck& check);

/// Checks, before the work, that the golden picture exists or, for an update, can be written. Errors: kInput, kUsage.
void require_golden(const GoldenCheck& check);

/// Returns a table of the failed results: largest and mean difference, changed share and PSNR in a row each, without a
/// newline at the end. "" if none failed.
std::string golden_table(std::span<const GoldenResult> results);

}  // namespace zimage::app
