// Decodes and encodes UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace zimage::utf8 {

/// Reads the code point at `at` and moves `at` past it. `text` must be valid, and `at` a boundary before its end.
char32_t next(std::string_view text, std::size_t& at);
/// Returns the code point that ends at `end` > 0, in valid text.
char32_t before(std::string_view text, std::size_t end);
/// Returns whether a byte continues a character that began before it.
inline bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

/// Returns the length of the well-formed character at `at`: 1 to 4 bytes, or 0 if there is none (a byte that begins no
/// character, an overlong form, a surrogate, a code point above U+10FFFF, a character cut off).
std::size_t length_at(std::string_view text, std::size_t at);

inline constexpr std::size_t kValid = static_cast<std::size_t>(-1);
/// Returns the byte at which `text` stops being UTF-8, or kValid.
std::size_t first_invalid(std::string_view text);
inline bool is_valid(std::string_view text) { return first_invalid(text) == kValid; }

/// Appends a code point of at most U+10FFFF.
void append(std::string& text, char32_t code_point);

/// Converts Latin-1 text to UTF-8.
std::string from_latin1(std::string_view text);
/// Returns false, leaving `out` unspecified, if a character is beyond Latin-1 or `text` isn't UTF-8.
bool to_latin1(std::string_view text, std::string& out);

}  // namespace zimage::utf8
