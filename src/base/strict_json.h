// Strict JSON: text that two readers could understand differently is an error.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace zimage {

/// Parses an object. `name` is the file's name in messages. Errors: kModel for bad JSON, a key given twice in one
/// object, nesting beyond 64, or anything but an object.
nlohmann::json parse_strict_json(std::string_view text, const std::string& name);

}  // namespace zimage
