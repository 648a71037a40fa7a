// Text for people: names and values from outside, brought into a form that a message or a terminal can hold.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace zimage {

/// Valid UTF-8 without NUL.
bool is_plain_utf8(std::string_view text);

/// One line that no terminal acts on: newlines become \n, tabs \t, and every other control character (C0, DEL, and C1,
/// U+0080 to U+009F) and every byte that isn't UTF-8 becomes \xNN.
std::string printable(std::string_view text);

/// printable() in double quotes. Longer text is cut between characters after 80 bytes, and ends in "…".
std::string in_quotes(std::string_view text);

/// "a, b, c and 7 more".
std::string list_some(const std::vector<std::string>& items, std::size_t shown = 5);

/// "640x480".
std::string size_text(int width, int height);

/// Lower-case ASCII; other characters stay.
std::string lower(std::string_view text);

/// Joins the parts. Where a temporary would stand right of a +, gcc 12 warns of an overlap that can't be (its bug
/// 105651).
std::string concat(std::initializer_list<std::string_view> parts);

}  // namespace zimage
