// Text for people: makes names and values from outside safe for a message or a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace zimage {

/// Returns whether the text is valid UTF-8 without NUL.
bool is_plain_utf8(std::string_view text);

/// Returns the text as one line that no terminal acts on: newlines become \n, tabs \t, and every other control
/// character (C0, DEL, and C1, U+0080 to U+009F) and every byte that isn't UTF-8 becomes \xNN.
std::string printable(std::string_view text);

/// Returns printable() text in double quotes. Text of more than 80 bytes is cut between characters and ends in "…".
std::string in_quotes(std::string_view text);

/// Lists the first `shown` items: "a, b, c and 7 more".
std::string list_some(const std::vector<std::string>& items, std::size_t shown = 5);

/// Returns a size as "640x480".
std::string size_text(int width, int height);

/// Returns a tensor's shape as "[2, 3]".
std::string shape_text(const std::vector<std::int64_t>& shape);

/// Returns the text as it is if it is UTF-8, as JSON needs it, else as printable() does.
std::string utf8_or_printable(const std::string& text);

/// Returns the text with ASCII letters in lower case; other characters stay.
std::string lower(std::string_view text);

/// Joins the parts. Use it where a temporary would be the right operand of +: there gcc 12 warns of an overlap that
/// can't happen (gcc bug 105651).
std::string concat(std::initializer_list<std::string_view> parts);

}  // namespace zimage
