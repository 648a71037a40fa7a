#include "app/options/settings.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>
#include <utility>

#include "app/options/special_bindings.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

/// Parses the whole text as a number; nothing if it isn't one.
template <typename T>
std::optional<T> parse(const std::string& text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [rest, status] = std::from_chars(text.data(), end, value);
  if (status != std::errc() || rest != end) return std::nullopt;
  return value;
}

std::optional<bool> parse_bool(const std::string& text) {
  if (text == "true" || text == "1" || text == "on" || text == "yes") return true;
  if (text == "false" || text == "0" || text == "off" || text == "no") return false;
  return std::nullopt;
}

[[noreturn]] void refuse(const OptionSpec& spec, const std::string& value, const std::string& expected) {
  const std::string name = spec.positional ? spec.name : std::string("--") + spec.name;
  throw Error(ErrorCode::kUsage, name + " can't be '" + value + "'", "give " + expected);
}

std::string range_text(const OptionSpec& spec) {
  std::ostringstream out;
  out << (spec.kind == Kind::kInteger || spec.kind == Kind::kCount ? "a whole number" : "a number");
  if (std::isfinite(spec.min) && std::isfinite(spec.max)) {
    if (spec.above_min) {
      out << " above " << spec.min << " and at most " << spec.max;
    } else {
      out << " from " << spec.min << " to " << spec.max;
    }
  } else if (std::isfinite(spec.min)) {
    out << (spec.above_min ? " above " : " of at least ") << spec.min;
  }
  return out.str();
}

bool in_range(const OptionSpec& spec, double value) {
  return std::isfinite(value) && (spec.above_min ? value > spec.min : value >= spec.min) && value <= spec.max;
}

}  // namespace

const OptionSpec& Settings::spec_of(const std::string& name) const {
  const OptionSpec* spec = find_option(options_, name);
  if (spec == nullptr) throw Error(ErrorCode::kUsage, "there is no option --" + name);
  return *spec;
}

void Settings::set(const std::string& name, std::vector<std::string> values, Source source) {
  const auto blocked = [&](const std::string& other) {
    const auto found = values_.find(other);
    return found != values_.end() && found->second.source < source;
  };
  // The two ways to give a prompt count as one setting when layers override each other.
  if (blocked(name) || (name == "prompt" && blocked("prompt-file")) || (name == "prompt-file" && blocked("prompt"))) {
    return;
  }
  if (name == "prompt" && !given_by("prompt-file", source)) values_.erase("prompt-file");
  if (name == "prompt-file" && !given_by("prompt", source)) values_.erase("prompt");
  values_[name] = {std::move(values), source};
}

bool Settings::given_by(const std::string& name, Source source) const {
  const auto found = values_.find(name);
  return found != values_.end() && found->second.source == source;
}

std::string Settings::text(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end() || found->second.values.empty()) return spec_of(name).default_value;
  return found->second.values.back();
}

std::vector<std::string> Settings::list(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>{} : found->second.values;
}

bool Settings::flag(const std::string& name) const {
  const std::string value = text(name);
  if (value.empty() && !has(name)) return false;
  const auto parsed = parse_bool(value);
  if (!parsed) refuse(spec_of(name), value, "true or false");
  return *parsed;
}

std::int64_t Settings::integer(const std::string& name) const {
  const OptionSpec& spec = spec_of(name);
  const std::string value = text(name);
  const auto parsed = parse<std::int64_t>(value);
  if (!parsed || !in_range(spec, static_cast<double>(*parsed))) refuse(spec, value, range_text(spec));
  return *parsed;
}

double Settings::number(const std::string& name) const {
  const OptionSpec& spec = spec_of(name);
  const std::string value = text(name);
  const auto parsed = parse<double>(value);
  if (!parsed || !in_range(spec, *parsed)) refuse(spec, value, range_text(spec));
  return *parsed;
}

std::optional<std::uint64_t> Settings::seed() const {
  if (!has("seed")) return std::nullopt;
  const std::string value = text("seed");
  const auto parsed = parse<std::uint64_t>(value);
  if (!parsed) refuse(spec_of("seed"), value, "a whole number from 0 to 18446744073709551615");
  return parsed;
}

void Settings::check_values() const {
  for (const auto& [name, value] : values_) {
    const OptionSpec& spec = spec_of(name);
    switch (spec.kind) {
      case Kind::kFlag:
      case Kind::kSwitch: flag(name); break;
      case Kind::kCount:
      case Kind::kInteger: integer(name); break;
      case Kind::kNumber: number(name); break;
      case Kind::kShare:
        if (text(name).starts_with('=')) {
          parse_mask_label(text(name));
        } else {
          number(name);
        }
        break;
      case Kind::kSeed: seed(); break;
      case Kind::kChoice: {
        const auto choices = words(spec.choices);
        if (std::find(choices.begin(), choices.end(), text(name)) == choices.end()) {
          refuse(spec, text(name), "one of: " + std::string(spec.choices));
        }
        break;
      }
      case Kind::kText:
      case Kind::kList:
        for (const std::string& v : value.values) {
          // An empty prompt is a prompt; an empty path is a mistake in a script.
          if (v.empty() && name != "prompt" && name != "negative-prompt") refuse(spec, v, spec.value_name);
        }
        break;
    }
  }
}

}  // namespace zimage::app
