// Golden checks: a result's file compared with the picture that it should be. Knows neither plan nor model: one call an
// output, on any thread.
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

/// "match", "mismatch", "missing", "updated".
const char* to_string(GoldenStatus status);

struct GoldenCheck {
  std::filesystem::path golden{};  ///< the picture's file
  int tolerance = 0;               ///< largest difference of a sample that still matches, in 8-bit levels
  bool update = false;             ///< write the golden picture instead
  /// Where a mismatch is drawn (PNG, see difference_picture()); empty: nowhere.
  std::filesystem::path difference{};
  bool overwrite = false;  ///< replace an existing `difference`
};

struct GoldenResult {
  GoldenStatus status = GoldenStatus::kMissing;
  std::filesystem::path path{};             ///< the golden picture's
  std::optional<PictureMetrics> metrics{};  ///< match or mismatch, if the sizes agree
  std::string note{};                       ///< why there are no metrics, for people: "is 8x8, the result 16x16"
  std::filesystem::path difference{};       ///< the picture that was drawn; empty: none

  bool failed() const { return status == GoldenStatus::kMismatch || status == GoldenStatus::kMissing; }
};

/// Which picture of `golden`, a file or a folder, `relative` (the output below the output folder) is compared with: the
/// file itself, or the one of that name in the folder. What ends in a slash is a folder, also where there is none yet.
std::filesystem::path golden_path(const std::filesystem::path& golden, const std::filesystem::path& relative);
bool is_golden_folder(const std::filesystem::path& golden);

/// `STEM-difference.png` beside an output.
std::filesystem::path difference_path(const std::filesystem::path& output);

/// Compares `encoded`, the bytes of a picture's file, or with `update` writes them to the golden path, whole or not at
/// all, its folders too. A mismatch is a result, not an error.
/// Errors: kInput if the golden file is no whole picture; kRuntime if a file can't be written.
GoldenResult check_golden(const std::vector<std::uint8_t>& encoded, const GoldenCheck& check);

/// Throws kInput, with the way out, if the check would find no golden picture, kUsage if an update can't write it. For
/// before the work.
void require_golden(const GoldenCheck& check);

/// What failed, a row each with largest, mean, changed share and PSNR, in lines of text without a newline at the end.
/// "" if nothing did.
std::string golden_table(std::span<const GoldenResult> results);

}  // namespace zimage::app
