// The one list of options, and the subcommands' lists: parsing, help, configuration files, metadata, replays, reports
// and the checks of values all derive from them.
#pragma once

#include <cstddef>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zimage::app {

/// The groups of the help, in its order.
enum class Group { kWhat, kModel, kSampling, kMask, kGeometry, kOutput, kBatch, kGolden, kMachine, kTalk };

enum class Kind {
  kFlag,     ///< present or not
  kSwitch,   ///< `--name` and `--no-name`
  kCount,    ///< how often it is given (`-vv`)
  kText,     ///< one value, as it is
  kChoice,   ///< one of `choices`
  kInteger,  ///< a whole number in [min, max]
  kNumber,   ///< a finite number in [min, max], or (min, max]
  kSeed,     ///< 0 … 2^64 − 1
  kList      ///< repeatable, one value each time
};

/// Help shows kShort for `-h` and everything for `--help-all`.
enum class Tier { kShort, kAll };

class Settings;
struct JobSpec;

/// The two ways between an option and a job's spec; app/options/binding.h makes them. Null: the option says how the
/// program runs, or what it leads to is worked out in resolve().
struct Binding {
  /// Puts the option's value, or its default, into the spec. Errors: kUsage.
  void (*set)(const Settings& settings, const char* name, JobSpec& spec) = nullptr;
  /// The value as metadata and reports hold it; null where there is nothing to say.
  nlohmann::ordered_json (*get)(const JobSpec& spec) = nullptr;
};

/// One option: all that parsing, help, completions, configuration files, manifests, metadata, replays and reports know
/// of it.
struct OptionSpec {
  const char* name;     ///< long name without dashes
  char short_name = 0;  ///< 0: none
  Group group;
  Kind kind;
  const char* value_name = "";     ///< as the help shows it
  const char* default_value = "";  ///< "" : none
  const char* choices = "";        ///< kChoice: separated by blanks
  const char* offered = "";        ///< kText: what completions offer, separated by blanks; other values are taken too
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool above_min = false;      ///< min itself is out
  const char* only = nullptr;  ///< the values this version can do, separated by blanks; null: every valid one
  Binding bind{};
  bool recorded = false;  ///< part of what made a picture: written to its metadata, read by --replay
  bool reported = false;  ///< in the lines of --json and --report
  bool per_job = false;   ///< a job of a manifest may have its own
  bool path = false;      ///< the value is the path of a file or folder
  Tier tier = Tier::kAll;
  const char* help;         ///< a few words
  const char* more = "";    ///< further sentences for --help-all
  bool positional = false;  ///< of a subcommand: given by its place, without a name; needed, unless it has a default
};

/// Every option, by group.
std::span<const OptionSpec> option_table();

/// Null if there is no such option. `name` without dashes.
const OptionSpec* find_option(std::string_view name);
const OptionSpec* find_option(std::span<const OptionSpec> table, std::string_view name);

/// The option table's group as a heading.
const char* to_string(Group group);

/// Whether an option takes a value on the command line.
bool takes_value(const OptionSpec& spec);

struct SubcommandSpec {
  const char* name;
  const char* help;                   ///< a few words
  const char* more = "";              ///< further sentences for its own help
  const char* example = "";           ///< command lines for its own help, a line each
  std::vector<OptionSpec> options{};  ///< what it takes by place, in that order, then its options
  bool available = true;              ///< in this version
};

/// Every subcommand, in the order of the help.
std::span<const SubcommandSpec> subcommand_table();

/// Null if there is no such subcommand.
const SubcommandSpec* find_subcommand(std::string_view name);

/// The words of a blank-separated list.
std::vector<std::string> words(std::string_view text);

}  // namespace zimage::app
