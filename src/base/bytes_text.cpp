#include "base/bytes_text.h"

#include <iomanip>
#include <sstream>

namespace zimage {

std::string bytes_text(std::uint64_t bytes) {
  const double mib = static_cast<double>(bytes) / (1024.0 * 1024);
  std::ostringstream out;
  out << std::fixed << std::setprecision(1) << (mib < 1024 ? mib : mib / 1024) << (mib < 1024 ? " MiB" : " GiB");
  return out.str();
}

std::string decimal_bytes_text(std::uint64_t bytes) {
  if (bytes < 1'000'000) return std::to_string(bytes) + " bytes";
  const auto count = static_cast<double>(bytes);
  const bool large = bytes >= 1'000'000'000;
  std::ostringstream out;
  out << std::fixed << std::setprecision(large ? 1 : 0) << count * (large ? 1e-9 : 1e-6) << (large ? " GB" : " MB");
  return out.str();
}

std::string parameters_text(std::int64_t parameters) {
  std::ostringstream out;
  const auto count = static_cast<double>(parameters);
  if (parameters >= 1'000'000'000) {
    out << std::fixed << std::setprecision(2) << count * 1e-9 << " billion parameters";
  } else {
    out << std::fixed << std::setprecision(1) << count * 1e-6 << " million parameters";
  }
  return out.str();
}

}  // namespace zimage
