// Reading the parts of a tokenizer.json: every error is kModel and names the file.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace zimage::tokenizer_json {

/// Throws kModel: "`name`: `message`".
[[noreturn]] void fail(const std::string& name, const std::string& message);

/// The string at `key`, which must be there.
std::string text(const nlohmann::json& object, const char* key, const std::string& name);
/// The boolean at `key`; `otherwise` if it isn't there or null.
bool flag(const nlohmann::json& object, const char* key, bool otherwise, const std::string& name);
/// The boolean at `key`, which must be there.
bool flag(const nlohmann::json& object, const char* key, const std::string& name);
/// A token id: 0 … 2³¹−2. `what` names it in the message.
std::int32_t id(const nlohmann::json& value, const std::string& what, const std::string& name);

}  // namespace zimage::tokenizer_json
