// Measures and shortens text by the columns that it takes on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace zimage {

/// Returns the columns of printable() text: two for a wide character, none for an accent of its own.
std::size_t columns_of(std::string_view text);

/// Returns the beginning of the text that fits into `columns`.
std::string first_columns(std::string_view text, std::size_t columns);

/// Returns the text, or "…" and the end of it, in at most `columns`: of a path the end says the most.
std::string last_columns(std::string_view text, std::size_t columns);

}  // namespace zimage
