#include "base/text_encoding.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "base/utf8.h"

namespace zimage {
namespace {

constexpr std::string_view kMark = "\xEF\xBB\xBF";

/// Returns whether every other byte is zero as often as in UTF-16 text of mostly Latin letters.
bool looks_like_utf16(std::string_view bytes) {
  constexpr std::size_t kLooked = 4096;
  const std::size_t size = std::min(bytes.size(), kLooked);
  std::array<std::size_t, 2> zeros{};
  for (std::size_t i = 0; i < size; ++i) {
    if (bytes[i] == '\0') ++zeros[i % 2];
  }
  const auto [few, many] = std::minmax(zeros[0], zeros[1]);
  return many * 4 > size && few * 8 < many;
}

}  // namespace

std::string encoding_problem(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\xFF\xFE\0\0"sv) || bytes.starts_with("\0\0\xFE\xFF"sv)) return "is UTF-32 text, not UTF-8";
  if (bytes.starts_with("\xFF\xFE"sv) || bytes.starts_with("\xFE\xFF"sv)) return "is UTF-16 text, not UTF-8";
  const std::size_t zero = bytes.find('\0');
  if (zero != std::string_view::npos) {
    if (looks_like_utf16(bytes)) return "is UTF-16 text, not UTF-8";
    return concat({"is not text: byte ", std::to_string(zero + 1), " is zero"});
  }
  const std::size_t invalid = utf8::first_invalid(bytes);
  if (invalid == utf8::kValid) return "";
  return concat({"is not UTF-8 text: byte ", std::to_string(invalid + 1), " begins no character"});
}

const char* encoding_hint() { return "save it as UTF-8; in PowerShell: … | Out-File -Encoding utf8 FILE"; }

std::string utf8_text(std::string bytes, const std::string& name, ErrorCode code) {
  const std::string problem = encoding_problem(bytes);
  if (!problem.empty()) throw Error(code, concat({name, " ", problem}), encoding_hint());
  remove_byte_order_mark(bytes);
  return bytes;
}

void remove_byte_order_mark(std::string& text) {
  if (text.starts_with(kMark)) text.erase(0, kMark.size());
}

}  // namespace zimage
