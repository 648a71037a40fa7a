#include "tokenizer/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <vector>

#include "base/utf8.h"

namespace zimage::unicode {

namespace {

template <typename T>
const T* find(std::span<const T> table, char32_t code_point) {
  const auto after = std::upper_bound(table.begin(), table.end(), code_point,
                                      [](char32_t value, const T& row) { return value < row.first; });
  if (after == table.begin()) return nullptr;
  const T& row = *(after - 1);
  return code_point <= row.last ? &row : nullptr;
}

}  // namespace

char32_t stand_in(char32_t code_point) {
  const StandIn* row = find(kStandIns, code_point);
  return row == nullptr ? code_point : row->instead;
}

std::string with_stand_ins(std::string_view text) {
  std::string result(text);
  for (std::size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0xE0) {  // the table has no characters shorter than three bytes
      ++at;
      continue;
    }
    const std::size_t start = at;
    const char32_t code_point = utf8::next(text, at);
    const char32_t instead = stand_in(code_point);
    if (instead == code_point) continue;
    std::string piece;
    utf8::append(piece, instead);
    result.replace(start, at - start, piece);
  }
  return result;
}

bool is_space(char32_t c) {
  return (c >= 0x9 && c <= 0xD) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_word(char32_t c) {
  // The two joiners, and circled and squared Latin letters: symbols that are alphabetic through Other_Alphabetic.
  static constexpr Range kAlso[] = {
      {0x200C, 0x200D}, {0x24B6, 0x24E9}, {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189}};
  if (find(std::span<const Range>(kAlso), c) != nullptr) return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(stand_in(c)))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC: return true;
    default: return false;
  }
}

namespace {

/// Appends the NFC (canonical decomposition and ordering, then composition) of text without inert characters.
void append_nfc(std::string_view text, std::string& out) {
  std::vector<utf8proc_int32_t> points;
  points.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    utf8proc_int32_t parts[32];  // the longest canonical decomposition is 4
    int boundary = 0;
    const auto code_point = static_cast<utf8proc_int32_t>(utf8::next(text, at));
    const auto count = utf8proc_decompose_char(code_point, parts, 32, UTF8PROC_DECOMPOSE, &boundary);
    points.insert(points.end(), parts, parts + std::clamp<utf8proc_ssize_t>(count, 0, 32));
  }
  // utf8proc's own ordering is an insertion sort, which is quadratic for a long run of marks.
  const auto order = [](utf8proc_int32_t c) { return utf8proc_get_property(c)->combining_class; };
  for (auto at = points.begin(); at != points.end();) {
    const auto mark = std::find_if(at, points.end(), [&](auto c) { return order(c) != 0; });
    const auto end = std::find_if(mark, points.end(), [&](auto c) { return order(c) == 0; });
    std::stable_sort(mark, end, [&](auto a, auto b) { return order(a) < order(b); });
    at = end;
  }
  const auto flags = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  const auto length = static_cast<utf8proc_ssize_t>(points.size());
  const auto composed = utf8proc_normalize_utf32(points.data(), length, flags);
  for (utf8proc_ssize_t i = 0; i < composed; ++i)
    utf8::append(out, static_cast<char32_t>(points[static_cast<std::size_t>(i)]));
}

}  // namespace

std::string nfc(std::string_view text) {
  // Nothing below U+0300 (lead byte 0xCC) is reordered, composed or decomposed unless a mark follows.
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0xCC; });
  if (plain) return std::string(text);
  std::string out;
  out.reserve(text.size());
  std::size_t start = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t here = at;
    if (find(kInert, utf8::next(text, at)) == nullptr) continue;
    // To the package this is a starter that composes with nothing, so each side is normalised on its own.
    append_nfc(text.substr(start, here - start), out);
    out.append(text.substr(here, at - here));
    start = at;
  }
  append_nfc(text.substr(start), out);
  return out;
}

}  // namespace zimage::unicode
