#include <iomanip>
#include <sstream>

#include "app/batch/batch.h"
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

}  // namespace zimage::app
