// Reads sizes from a config.json that may be damaged or hostile.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zimage {

/// A component's config.json: its text (empty if there is none), and its name in messages.
struct ConfigText {
  std::string name;
  std::string json;
};

class ConfigReader {
 public:
  /// Errors: kModel if the text isn't a JSON object or gives a key twice.
  explicit ConfigReader(const ConfigText& text);
  ~ConfigReader();

  /// Each returns empty if the key is absent or null, and throws kModel for a value of another type or out of range.
  std::optional<std::int64_t> integer(const std::string& key, std::int64_t low, std::int64_t high) const;
  std::optional<double> number(const std::string& key) const;  ///< must be finite
  std::optional<bool> boolean(const std::string& key) const;
  std::optional<std::string> string(const std::string& key) const;
  /// Returns whether the key exists and is a string, for keys that may have several types.
  bool is_string(const std::string& key) const;
  std::optional<std::vector<std::int64_t>> integers(const std::string& key, std::int64_t low, std::int64_t high) const;
  /// Returns a number within an object: `object.key`.
  std::optional<double> nested_number(const std::string& object, const std::string& key) const;

  /// Throws kModel with the message "NAME: MESSAGE".
  [[noreturn]] void fail(const std::string& message) const;

 private:
  struct Impl;
  std::string name_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zimage
