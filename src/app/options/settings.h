// Option values as they were given, in layers. Only the typed getters judge them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/options/option.h"

namespace zimage::app {

/// The sources of a value; the one listed first wins. kJob is a job's own, in a batch.
enum class Source { kJob, kCommandLine, kReplay, kEnvironment, kConfig };

/// The values of one command's options.
class Settings {
 public:
  /// Makes the settings of the main command, or of a subcommand. `options` must outlive them.
  Settings() : options_(option_table()) {}
  explicit Settings(std::span<const OptionSpec> options) : options_(options) {}

  std::span<const OptionSpec> options() const { return options_; }
  /// Returns whether the command has such an option.
  bool knows(const std::string& name) const { return find_option(options_, name) != nullptr; }

  /// Records a value, unless a source that wins has given one (for `prompt` and `prompt-file`: either of the two).
  /// `name` is a long option name of the table. Flags are "true" or "false".
  void set(const std::string& name, std::vector<std::string> values, Source source);

  bool has(const std::string& name) const { return values_.contains(name); }
  bool given_by(const std::string& name, Source source) const;

  /// Returns the value as text, or the table's default if none is given ("" if there is no default).
  std::string text(const std::string& name) const;
  std::vector<std::string> list(const std::string& name) const;

  /// The getters below read the value as their type. Errors: kUsage, naming the option, the value and what it may be.
  bool flag(const std::string& name) const;
  std::int64_t integer(const std::string& name) const;
  double number(const std::string& name) const;
  std::optional<std::uint64_t> seed() const;

  /// Checks that every value given is one that its option can take (kind, range, choices). Errors: kUsage.
  void check_values() const;

 private:
  struct Value {
    std::vector<std::string> values;
    Source source;
  };
  const OptionSpec& spec_of(const std::string& name) const;

  std::span<const OptionSpec> options_;
  std::map<std::string, Value> values_;
};

}  // namespace zimage::app
