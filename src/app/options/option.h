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
enum class Group { kWhat, kModel, kSampling, kMask, kGeometry, kOutput, kBatch, kGolden, kMachine, kMessages };

enum class Kind {
  kFlag,     ///< present or not
  kSwitch,   ///< `--name` and `--no-name`
  kCount,    ///< how often it is given (`-vv`)
  kText,     ///< one value, as it is
  kChoice,   ///< one of `choices`
  kInteger,  ///< a whole number in [min, max]
  kNumber,   ///< a finite number in [min, max], or (min, max]
  kShare,    ///< a number like kNumber's, or = and a label of a mask
  kSeed,     ///< 0 … 2^64 − 1
  kList      ///< repeatable, one value each time
};

/// Help shows kShort for `-h` and everything for `--help-all`.
enum class Tier { kShort, kAll };

class Settings;
struct JobSpec;

/// The two ways between an option and a job's spec; app/options/binding.h makes them. Null: the option says how the
/// program runs, or resolve() works out what follows from it.
struct Binding {
  /// Puts the option's value, or its default, into the spec. Errors: kUsage.
  void (*set)(const Settings& settings, const char* name, JobSpec& spec) = nullptr;
  /// Returns the value as metadata and reports hold it; null if there is nothing to say.
  nlohmann::ordered_json (*get)(const JobSpec& spec) = nullptr;
};

/// One option: everything that parsing, help, completions, configuration files, manifests, metadata, replays and
/// reports know about it.
struct OptionSpec {
  const char* name;     ///< long name without dashes
  char short_name = 0;  ///< 0: none
  Group group;
  Kind kind;
  const char* value_name = "";     ///< as the help shows it
  const char* default_value = "";  ///< "" : none
  const char* choices = "";        ///< kChoice: separated by blanks
  const char* offered = "";        ///< kText: what completions offer, separated by blanks; other values are valid too
  const char* implied_value = "";  ///< kText: the value if none follows the option; "": one must
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool above_min = false;  ///< min itself is not allowed
  Binding bind{};
  bool recorded = false;  ///< part of a picture's provenance: written to its metadata, read by --replay
  bool reported = false;  ///< in the lines of --json and --report
  bool per_job = false;   ///< a job of a manifest may have its own
  bool path = false;      ///< the value is the path of a file or folder
  Tier tier = Tier::kAll;
  const char* help;         ///< a few words
  const char* more = "";    ///< further sentences for --help-all
  bool positional = false;  ///< a subcommand's argument without a name; required unless it has a default
};

/// Returns every option, by group.
std::span<const OptionSpec> option_table();

/// Finds an option by its name without dashes; null if there is none.
const OptionSpec* find_option(std::string_view name);
const OptionSpec* find_option(std::span<const OptionSpec> table, std::string_view name);

/// Returns a group's heading.
const char* to_string(Group group);

/// Returns whether an option takes a value on the command line.
bool takes_value(const OptionSpec& spec);

/// One subcommand: everything that parsing, help and completions know about it.
struct SubcommandSpec {
  const char* name;
  const char* help;                   ///< a few words
  const char* more = "";              ///< further sentences for its own help
  const char* example = "";           ///< command lines for its own help, one per line
  std::vector<OptionSpec> options{};  ///< its positional arguments in order, then its options
  bool available = true;              ///< this version has it
};

/// Returns every subcommand, in the order of the help.
std::span<const SubcommandSpec> subcommand_table();

/// Finds a subcommand by its name; null if there is none.
const SubcommandSpec* find_subcommand(std::string_view name);

/// Splits a blank-separated list into its words.
std::vector<std::string> words(std::string_view text);

}  // namespace zimage::app
