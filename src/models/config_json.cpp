#include "models/config_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/strict_json.h"
#include "zimage/error.h"

namespace zimage {
namespace {

std::optional<std::int64_t> exact_integer(const nlohmann::json& value) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) return {};
  if (value.is_number_integer()) return value.get<std::int64_t>();
  return {};
}

}  // namespace

struct ConfigReader::Impl {
  nlohmann::json root = nlohmann::json::object();

  const nlohmann::json* find(const std::string& key) const {
    const auto it = root.find(key);
    return it == root.end() || it->is_null() ? nullptr : &*it;
  }
};

ConfigReader::ConfigReader(const ConfigText& text) : name_(text.name), impl_(std::make_unique<Impl>()) {
  if (text.json.empty()) return;
  impl_->root = parse_strict_json(text.json, name_);
}

ConfigReader::~ConfigReader() = default;

void ConfigReader::fail(const std::string& message) const {
  throw Error(ErrorCode::kModel, name_ + ": " + message, "download this file again");
}

std::optional<std::int64_t> ConfigReader::integer(const std::string& key, std::int64_t low, std::int64_t high) const {
  const auto* value = impl_->find(key);
  if (value == nullptr) return {};
  const auto number = exact_integer(*value);
  if (!number || *number < low || *number > high) {
    fail("'" + key + "' must be an integer from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return number;
}

std::optional<double> ConfigReader::number(const std::string& key) const {
  const auto* value = impl_->find(key);
  if (value == nullptr) return {};
  if (!value->is_number() || !std::isfinite(value->get<double>())) fail("'" + key + "' must be a number");
  return value->get<double>();
}

std::optional<bool> ConfigReader::boolean(const std::string& key) const {
  const auto* value = impl_->find(key);
  if (value == nullptr) return {};
  if (!value->is_boolean()) fail("'" + key + "' must be true or false");
  return value->get<bool>();
}

std::optional<std::string> ConfigReader::string(const std::string& key) const {
  const auto* value = impl_->find(key);
  if (value == nullptr) return {};
  if (!value->is_string()) fail("'" + key + "' must be a string");
  return value->get<std::string>();
}

bool ConfigReader::is_string(const std::string& key) const {
  const auto* value = impl_->find(key);
  return value != nullptr && value->is_string();
}

std::optional<std::vector<std::int64_t>> ConfigReader::integers(const std::string& key, std::int64_t low,
                                                                std::int64_t high) const {
  const auto* value = impl_->find(key);
  if (value == nullptr) return {};
  std::vector<std::int64_t> numbers;
  if (value->is_array() && value->size() <= 64) {
    for (const auto& item : *value) {
      const auto number = exact_integer(item);
      if (!number || *number < low || *number > high) break;
      numbers.push_back(*number);
    }
  }
  if (!value->is_array() || numbers.size() != value->size()) {
    fail("'" + key + "' must be a list of integers from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return numbers;
}

std::optional<double> ConfigReader::nested_number(const std::string& object, const std::string& key) const {
  const auto* value = impl_->find(object);
  if (value == nullptr) return {};
  if (!value->is_object()) fail("'" + object + "' must be an object");
  const auto it = value->find(key);
  if (it == value->end() || it->is_null()) return {};
  if (!it->is_number() || !std::isfinite(it->get<double>())) fail("'" + object + "." + key + "' must be a number");
  return it->get<double>();
}

}  // namespace zimage
