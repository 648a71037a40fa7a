// JSON files of a model, read strictly.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace zimage {

/// Parses an object. Errors: kModel, `name` being the file in messages, for bad JSON, a key given twice in one object,
/// nesting beyond 64, or anything but an object.
nlohmann::json parse_strict_json(const std::string& text, const std::string& name);

}  // namespace zimage
