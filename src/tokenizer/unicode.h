// Code points as the `tokenizers` package sees them. PCRE2 and utf8proc follow the Unicode version the system ships;
// the package's regular expressions follow Unicode 16 and its NFC Unicode 9.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace zimage::unicode {

struct StandIn {
  char32_t first, last;
  char32_t instead;  ///< same UTF-8 length, and in every Unicode version the class that the package gives the range
};
struct Range {
  char32_t first, last;
};
extern const std::span<const StandIn> kStandIns;  ///< sorted
extern const std::span<const Range> kInert;       ///< sorted; left alone by the package's NFC

/// `code_point`, or what stands in for it in a pattern's eyes.
char32_t stand_in(char32_t code_point);
/// `text` with every stand-in put in: same length, same boundaries.
std::string with_stand_ins(std::string_view text);

/// White_Space, as Rust's `\s`.
bool is_space(char32_t code_point);
/// Rust's `\w`: alphabetic, mark, decimal digit, connector or joiner.
bool is_word(char32_t code_point);

/// NFC. `text` must be valid UTF-8. Takes O(n log n) on any text.
std::string nfc(std::string_view text);

}  // namespace zimage::unicode
