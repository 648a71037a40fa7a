#include "cli/bytes_text.h"

#include <iomanip>
#include <sstream>

namespace zimage::cli {

std::string bytes_text(std::uint64_t bytes) {
  const double mib = static_cast<double>(bytes) / (1024.0 * 1024);
  std::ostringstream out;
  out << std::fixed << std::setprecision(1) << (mib < 1024 ? mib : mib / 1024) << (mib < 1024 ? " MiB" : " GiB");
  return out.str();
}

}  // namespace zimage::cli
