#include "app/options/binding.h"

#include <cstdlib>

namespace zimage::app {
namespace {

using nlohmann::ordered_json;

/// Returns a value as it was given, before it was resolved.
ordered_json given_value(const Settings& settings, const OptionSpec& option) {
  switch (option.kind) {
    case Kind::kFlag:
    case Kind::kSwitch: return settings.flag(option.name);
    case Kind::kCount:
    case Kind::kInteger: return settings.integer(option.name);
    case Kind::kNumber: return settings.number(option.name);
    default: return settings.text(option.name);
  }
}

}  // namespace

void bind_options(const Settings& settings, JobSpec& spec) {
  spec.options = settings.options();
  for (const OptionSpec& option : spec.options) {
    if (option.bind.set != nullptr) option.bind.set(settings, option.name, spec);
  }
}

ordered_json recorded_options(const JobSpec& spec, std::uint64_t seed) {
  ordered_json options;
  for (const OptionSpec& option : spec.options) {
    if (!option.recorded) continue;
    ordered_json value = option.kind == Kind::kSeed ? ordered_json(seed) : option.bind.get(spec);
    if (!value.is_null()) options[option.name] = std::move(value);
  }
  return options;
}

ordered_json reported_options(const JobSpec& spec) {
  ordered_json options;
  for (const OptionSpec& option : spec.options) {
    if (option.reported) options[option.name] = option.bind.get(spec);
  }
  return options;
}

ordered_json reported_options(const Settings& settings) {
  ordered_json options;
  for (const OptionSpec& option : settings.options()) {
    if (!option.reported || !settings.has(option.name)) continue;
    try {
      options[option.name] = given_value(settings, option);
    } catch (const Error&) {
      continue;  // the report will be about this bad value
    }
  }
  return options;
}

bool same_sampling(const JobSpec& a, const JobSpec& b) {
  for (const OptionSpec& option : a.options) {
    const bool counts = option.group == Group::kSampling && option.recorded && option.kind != Kind::kSeed;
    if (counts && option.bind.get(a) != option.bind.get(b)) return false;
  }
  return true;
}

}  // namespace zimage::app
