#include <algorithm>
#include <iomanip>
#include <sstream>

#include "app/batch/batch.h"
#include "base/text.h"
#include "zimage/error.h"

namespace zimage::app {

int BatchSummary::exit_code() const {
  if (interrupted) return static_cast<int>(ErrorCode::kInterrupted);
  if (failed > 0) return static_cast<int>(ErrorCode::kBatch);
  return mismatched > 0 ? static_cast<int>(ErrorCode::kGolden) : 0;
}

std::string BatchSummary::text() const {
  std::ostringstream out;
  out << done << " done";
  if (planned > 0) out << ", " << planned << " planned";
  if (skipped > 0) out << ", " << skipped << " skipped";
  if (failed > 0) out << ", " << failed << " failed";
  if (mismatched > 0) out << ", " << mismatched << " unlike their golden pictures";
  out << " in " << std::fixed << std::setprecision(1) << seconds << " s";
  return out.str();
}

void BatchSummary::add_failure(const Error& error, const std::string& message) {
  for (FailureKind& kind : failures) {
    if (kind.code != error.code() || kind.hint != error.hint()) continue;
    ++kind.count;
    return;
  }
  failures.push_back({.code = error.code(), .hint = error.hint(), .count = 1, .first = message});
}

std::string BatchSummary::failure_table() const {
  constexpr std::size_t kRows = 20;
  if (failures.empty()) return "";
  std::vector<FailureKind> kinds = failures;
  std::stable_sort(kinds.begin(), kinds.end(), [](const auto& a, const auto& b) { return a.count > b.count; });
  std::ostringstream out;
  out << "failed  kind     first of them";
  for (std::size_t i = 0; i < std::min(kinds.size(), kRows); ++i) {
    out << '\n' << std::right << std::setw(6) << kinds[i].count << "  ";
    out << std::left << std::setw(7) << to_string(kinds[i].code) << "  " << printable(kinds[i].first);
  }
  if (kinds.size() > kRows) out << "\nand " << kinds.size() - kRows << " kinds more";
  return out.str();
}

}  // namespace zimage::app
