// Code points as the `tokenizers` package sees them. PCRE2 and utf8proc follow the Unicode version that the system
// ships; the package's regular expressions follow Unicode 16, and its NFC follows Unicode 9.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace zimage::unicode {

struct StandIn {
  char32_t first, last;
  char32_t instead;  ///< has the same UTF-8 length, and in every Unicode version the class that the package gives them
};
struct Range {
  char32_t first, last;
};
extern const std::span<const StandIn> kStandIns;  ///< sorted
extern const std::span<const Range> kInert;       ///< sorted; the package's NFC leaves them alone

/// Returns the code point that patterns see instead of `code_point`, if there is one, else itself.
char32_t stand_in(char32_t code_point);
/// Returns `text` with every code point replaced by its stand-in; its length and boundaries stay the same.
std::string with_stand_ins(std::string_view text);

/// Returns whether a code point is White_Space, like Rust's `\s`.
bool is_space(char32_t code_point);
/// Returns whether a code point is in Rust's `\w`: alphabetic, mark, decimal digit, connector or joiner.
bool is_word(char32_t code_point);

/// Returns the NFC of `text`, which must be valid UTF-8. Takes O(n log n) on any text.
std::string nfc(std::string_view text);

}  // namespace zimage::unicode
