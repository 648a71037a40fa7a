#include "tokenizer/tokenizer_json.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "zimage/error.h"

namespace zimage::tokenizer_json {

using nlohmann::json;

void fail(const std::string& name, const std::string& message) {
  throw Error(ErrorCode::kModel, name + ": " + message,
              "use the tokenizer.json that came with the text encoder (Qwen3's is a byte-level BPE)");
}

std::string text(const json& object, const char* key, const std::string& name) {
  const auto value = object.find(key);
  if (value == object.end() || !value->is_string()) fail(name, "\"" + std::string(key) + "\" isn't a string");
  return value->get<std::string>();
}

bool flag(const json& object, const char* key, bool otherwise, const std::string& name) {
  const auto value = object.find(key);
  if (value == object.end() || value->is_null()) return otherwise;
  return flag(object, key, name);
}

bool flag(const json& object, const char* key, const std::string& name) {
  const auto value = object.find(key);
  if (value == object.end() || !value->is_boolean()) fail(name, "\"" + std::string(key) + "\" isn't true or false");
  return value->get<bool>();
}

std::int32_t id(const json& value, const std::string& what, const std::string& name) {
  constexpr std::uint64_t kLargest = std::numeric_limits<std::int32_t>::max() - 1;
  // JSON numbers without a sign or fraction are unsigned; anything else isn't an id.
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > kLargest) {
    fail(name, what + " isn't a whole number from 0 to " + std::to_string(kLargest));
  }
  return static_cast<std::int32_t>(value.get<std::uint64_t>());
}

}  // namespace zimage::tokenizer_json
