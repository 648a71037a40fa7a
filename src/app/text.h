// Text from outside: files, names, other people's bytes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>

#include "zimage/error.h"

namespace zimage::app {

/// Valid UTF-8 (shortest forms, no surrogates, at most U+10FFFF) without NUL.
bool is_plain_utf8(std::string_view text);

/// The whole file. Errors: `code`, naming the file, if it can't be read, is a folder or is larger than `limit` bytes.
std::string read_text_file(const std::filesystem::path& path, std::size_t limit, ErrorCode code);

/// Control characters (newlines, escape sequences in file names) as \n, \t, \xNN, so that a message is one line.
std::string printable(std::string_view text);

/// One after the other. Where a temporary would stand right of a +, gcc 12 warns of an overlap that can't be (its bug
/// 105651).
std::string concat(std::initializer_list<std::string_view> parts);

/// Lower-case ASCII.
std::string lower(std::string text);

}  // namespace zimage::app
