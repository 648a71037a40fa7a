// Reads the parts of a tokenizer.json. Every error is kModel and names the file.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace zimage::tokenizer_json {

/// Throws kModel with the message "`name`: `message`".
[[noreturn]] void fail(const std::string& name, const std::string& message);

/// Returns the string at `key`, which must exist.
std::string text(const nlohmann::json& object, const char* key, const std::string& name);
/// Returns the boolean at `key`, or `otherwise` if it is missing or null.
bool flag(const nlohmann::json& object, const char* key, bool otherwise, const std::string& name);
/// Returns the boolean at `key`, which must exist.
bool flag(const nlohmann::json& object, const char* key, const std::string& name);
/// Returns a token id, 0 … 2³¹−2. `what` names it in the message.
std::int32_t id(const nlohmann::json& value, const std::string& what, const std::string& name);

}  // namespace zimage::tokenizer_json
