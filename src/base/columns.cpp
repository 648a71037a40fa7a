#include "base/columns.h"

#include <utf8proc.h>

#include <algorithm>

#include "base/utf8.h"

namespace zimage {
namespace {

/// Returns the columns of the character at `at`, and moves `at` past it. A byte that is no character takes one.
std::size_t next_columns(std::string_view text, std::size_t& at) {
  if (utf8::length_at(text, at) == 0) {
    ++at;
    return 1;
  }
  const char32_t c = utf8::next(text, at);
  return static_cast<std::size_t>(std::max(0, utf8proc_charwidth(static_cast<utf8proc_int32_t>(c))));
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (std::size_t at = 0; at < text.size();) columns += next_columns(text, at);
  return columns;
}

std::string first_columns(std::string_view text, std::size_t columns) {
  std::size_t used = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    used += next_columns(text, at);
    if (used > columns) return std::string(text.substr(0, begin));
  }
  return std::string(text);
}

std::string last_columns(std::string_view text, std::size_t columns) {
  std::size_t too_many = columns_of(text);
  if (too_many <= columns) return std::string(text);
  if (columns == 0) return "";
  too_many -= columns - 1;  // the "…" takes one
  std::size_t at = 0;
  for (std::size_t gone = 0; at < text.size();) {
    const std::size_t begin = at;
    const std::size_t width = next_columns(text, at);
    // An accent belongs to the character before it.
    if (gone >= too_many && width > 0) {
      at = begin;
      break;
    }
    gone += width;
  }
  return "…" + std::string(text.substr(at));
}

}  // namespace zimage
