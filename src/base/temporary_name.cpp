#include "base/temporary_name.h"
#include "base/utf8.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace zimage {
namespace {

constexpr std::size_t kMaxNameBytes = 255;
constexpr std::size_t kMaxHostBytes = 64;
constexpr std::string_view kEnding = ".part";

}  // namespace

std::string host_name() {
  char buffer[256] = "";
  if (::gethostname(buffer, sizeof buffer - 1) != 0 || buffer[0] == '\0') return "localhost";
  std::string host = std::string(buffer).substr(0, kMaxHostBytes);
  for (char& c : host) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && c != '.' && c != '-') c = '_';
  }
  return host;
}

std::string temporary_name(const std::string& name, const std::string& host, int pid) {
  std::string ending = ".";
  ending.append(host).append("-").append(std::to_string(pid)).append(kEnding);
  std::size_t length = std::min(name.size(), kMaxNameBytes - 1 - ending.size());
  // Don't cut a UTF-8 character: some file systems refuse half of one.
  while (length > 0 && length < name.size() && utf8::is_continuation(name[length])) --length;
  std::string out = ".";
  return out.append(name, 0, length).append(ending);
}

std::optional<int> process_of_temporary(const std::string& file_name, const std::string& host) {
  std::string_view rest = file_name;
  if (!rest.starts_with('.') || !rest.ends_with(kEnding)) return std::nullopt;
  rest.remove_suffix(kEnding.size());
  const std::size_t dash = rest.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view digits = rest.substr(dash + 1);
  int pid = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), pid);
  if (error != std::errc{} || end != digits.data() + digits.size() || pid <= 0 || digits.front() == '0') {
    return std::nullopt;
  }
  std::string before = ".";
  before += host;
  const std::string_view name = rest.substr(0, dash);
  // There must be a first dot, at least one byte of NAME, then the host.
  if (!name.ends_with(before) || name.size() < before.size() + 2) return std::nullopt;
  return pid;
}

}  // namespace zimage
