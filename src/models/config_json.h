// Reading sizes from a config.json that may be damaged or hostile.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zimage {

/// A component's config.json: its text and what to call it in messages. Empty text: there is none.
struct ConfigText {
  std::string name;
  std::string json;
};

class ConfigReader {
 public:
  /// Errors: kModel if the text isn't a JSON object.
  explicit ConfigReader(const ConfigText& text);
  ~ConfigReader();

  /// Each returns empty if the key is absent or null, and throws kModel if it has another type or is out of range.
  std::optional<std::int64_t> integer(const std::string& key, std::int64_t low, std::int64_t high) const;
  std::optional<double> number(const std::string& key) const;  ///< finite
  std::optional<bool> boolean(const std::string& key) const;
  std::optional<std::string> string(const std::string& key) const;
  /// Whether the key is there and a string, for keys that come in several types.
  bool is_string(const std::string& key) const;
  std::optional<std::vector<std::int64_t>> integers(const std::string& key, std::int64_t low, std::int64_t high) const;
  /// A number within an object: `object.key`.
  std::optional<double> nested_number(const std::string& object, const std::string& key) const;

  /// Throws kModel: "NAME: MESSAGE".
  [[noreturn]] void fail(const std::string& message) const;

 private:
  struct Impl;
  std::string name_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zimage
