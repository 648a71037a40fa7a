#include "app/golden/golden.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/atomic_file.h"
#include "base/text.h"
#include "codecs/image_file.h"
#include "zimage/error.h"

namespace zimage::app {
namespace fs = std::filesystem;
namespace {

/// Returns the nearest folder above `path` that exists.
fs::path existing_parent(const fs::path& path) {
  std::error_code ignored;
  fs::path folder = path.parent_path();
  while (!folder.empty() && !fs::exists(folder, ignored) && folder != folder.parent_path()) {
    folder = folder.parent_path();
  }
  return folder;
}

void update(const std::vector<std::uint8_t>& encoded, const fs::path& golden) {
  std::error_code status;
  if (golden.has_parent_path()) fs::create_directories(golden.parent_path(), status);
  if (status) {
    throw Error(ErrorCode::kRuntime,
                "can't make the folder " + golden.parent_path().string() + ": " + status.message());
  }
  write_file_atomically(golden, encoded, true);
}

void draw_difference(const Image& golden, const Image& result, const GoldenCheck& check, GoldenResult& outcome) {
  if (check.difference.empty()) return;
  write_file_atomically(check.difference, codecs::encode_image(difference_picture(golden, result).image, {}),
                        check.overwrite);
  outcome.difference = check.difference;
}

std::string number(const char* format, double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

using Row = std::array<std::string, 5>;

Row row_of(const GoldenResult& result) {
  const std::string name = printable(result.path.string());
  if (!result.metrics) return {name + " " + result.note, "", "", "", ""};
  const PictureMetrics& m = *result.metrics;
  return {name, number("%.6g", m.max), number("%.4f", m.mean), number("%.2f %%", 100.0 * m.differing_share()),
          m.psnr ? number("%.2f dB", *m.psnr) : "inf"};
}

}  // namespace

const char* to_string(GoldenStatus status) {
  switch (status) {
    case GoldenStatus::kMatch: return "match";
    case GoldenStatus::kMismatch: return "mismatch";
    case GoldenStatus::kMissing: return "missing";
    case GoldenStatus::kUpdated: return "updated";
  }
  return "";
}

bool is_golden_folder(const fs::path& golden) {
  std::error_code ignored;
  return !golden.has_filename() || fs::is_directory(golden, ignored);
}

fs::path golden_path(const fs::path& golden, const fs::path& relative) {
  return is_golden_folder(golden) ? golden / relative : golden;
}

fs::path difference_path(const fs::path& output) {
  fs::path name = output.stem();
  name += "-difference.png";
  return output.parent_path() / name;
}

GoldenResult check_golden(const std::vector<std::uint8_t>& encoded, const GoldenCheck& check) {
  GoldenResult result;
  result.path = check.golden;
  if (check.update) {
    update(encoded, check.golden);
    result.status = GoldenStatus::kUpdated;
    return result;
  }
  std::error_code ignored;
  if (!fs::exists(check.golden, ignored)) {
    result.note = "does not exist";
    return result;
  }
  const Image golden = codecs::read_image(check.golden).image;
  const Image picture = codecs::decode_image(encoded, "the result").image;
  if (golden.width != picture.width || golden.height != picture.height) {
    result.status = GoldenStatus::kMismatch;
    result.note =
        "is " + size_text(golden.width, golden.height) + ", the result " + size_text(picture.width, picture.height);
    return result;
  }
  result.metrics = measure_pictures(golden, picture).whole;
  result.status = result.metrics->max <= check.tolerance ? GoldenStatus::kMatch : GoldenStatus::kMismatch;
  if (result.status == GoldenStatus::kMismatch) draw_difference(golden, picture, check, result);
  return result;
}

void require_golden(const GoldenCheck& check) {
  std::error_code ignored;
  if (check.update) {
    const fs::path folder = existing_parent(check.golden);
    if (folder == check.golden.parent_path()) return check_writable(check.golden, true);
    return check_writable((folder.empty() ? fs::path(".") : folder) / check.golden.filename(), true);
  }
  if (!fs::exists(check.golden, ignored)) {
    throw Error(ErrorCode::kInput, "there is no golden picture " + check.golden.string(),
                "add --golden-update to write it from this result");
  }
}

std::string golden_table(std::span<const GoldenResult> results) {
  std::vector<Row> rows = {{"golden picture", "largest", "mean", "changed", "PSNR"}};
  for (const GoldenResult& result : results) {
    if (result.failed()) rows.push_back(row_of(result));
  }
  if (rows.size() == 1) return "";
  std::array<std::size_t, 5> widths{};
  for (const Row& row : rows) {
    if (row[1].empty()) continue;  // a note may be longer than the columns
    for (std::size_t c = 0; c < row.size(); ++c) widths.at(c) = std::max(widths.at(c), row.at(c).size());
  }
  std::string text;
  for (const Row& row : rows) {
    if (!text.empty()) text += '\n';
    text += "  " + row[0];
    if (row[1].empty()) continue;
    text += std::string(widths[0] - row[0].size(), ' ');
    for (std::size_t c = 1; c < row.size(); ++c) {
      text += std::string(2 + widths.at(c) - row.at(c).size(), ' ') + row.at(c);
    }
  }
  return text;
}

}  // namespace zimage::app
