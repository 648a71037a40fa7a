// Option values as they were given, in layers. Nothing is judged here except by the typed getters.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/options/option.h"

namespace zimage::app {

/// Where a value came from; a lower one wins. kJob is one job's own, in a batch.
enum class Source { kJob, kCommandLine, kReplay, kEnvironment, kConfig };

class Settings {
 public:
  /// Of the main command, or of a subcommand. `options` must live as long.
  Settings() : options_(option_table()) {}
  explicit Settings(std::span<const OptionSpec> options) : options_(options) {}

  std::span<const OptionSpec> options() const { return options_; }
  /// Whether the command has such an option.
  bool knows(const std::string& name) const { return find_option(options_, name) != nullptr; }

  /// Records a value, unless a source that wins (or, for `prompt` and `prompt-file`, the other of the pair from such a
  /// source) has given one. `name` is a long option name of the table. Flags are "true" or "false".
  void set(const std::string& name, std::vector<std::string> values, Source source);

  bool has(const std::string& name) const { return values_.contains(name); }
  bool given_by(const std::string& name, Source source) const;

  /// The value as text, the table's default where none is given ("" if there is no default).
  std::string text(const std::string& name) const;
  std::vector<std::string> list(const std::string& name) const;

  /// Errors of the getters below: kUsage, naming the option, the value and what it may be.
  bool flag(const std::string& name) const;
  std::int64_t integer(const std::string& name) const;
  double number(const std::string& name) const;
  std::optional<std::uint64_t> seed() const;

  /// Every value given is one that its option can take (kind, range, choices).
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
