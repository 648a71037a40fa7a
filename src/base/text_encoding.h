// Tells in which encoding the text of a file is, where UTF-8 is needed.
#pragma once

#include <string>
#include <string_view>

#include "zimage/error.h"

namespace zimage {

/// Says why bytes are no UTF-8 text, as the end of a sentence: "is UTF-16 text, not UTF-8". Empty if they are. A zero
/// byte counts as a problem. Text in UTF-16 is recognised with and without a byte order mark.
std::string encoding_problem(std::string_view bytes);

/// Says what to do about a problem.
const char* encoding_hint();

/// Returns a file's text without its byte order mark. Errors: `code`, naming the file, for any other encoding.
std::string utf8_text(std::string bytes, const std::string& name, ErrorCode code);

/// Removes the byte order mark with which many programs on Windows begin UTF-8 text.
void remove_byte_order_mark(std::string& text);

}  // namespace zimage
