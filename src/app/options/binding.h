// Binds options to a job's spec and back: each row of the option table has one binding, so that whoever needs the
// options (metadata, --replay, --skip-existing, --batch-size, reports) asks the table.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>

#include "app/options/job_spec.h"
#include "app/options/settings.h"
#include "zimage/error.h"

namespace zimage::app {

/// A choice's word and its value.
template <class E>
struct Choice {
  const char* word;
  E value;
};

inline constexpr Choice<SamplerKind> kSamplers[] = {{"res_multistep", SamplerKind::kResMultistep},
                                                    {"euler", SamplerKind::kEuler}};
inline constexpr Choice<Strategy> kStrategies[] = {
    {"auto", Strategy::kAuto}, {"controlnet", Strategy::kControlNet}, {"repaint", Strategy::kRepaint}};
inline constexpr Choice<CropMode> kCropModes[] = {{"auto", CropMode::kAuto}, {"off", CropMode::kOff}};
inline constexpr Choice<Offload> kOffloads[] = {
    {"auto", Offload::kAuto}, {"none", Offload::kNone}, {"stage", Offload::kStage}, {"stream", Offload::kStream}};

inline std::span<const Choice<SamplerKind>> choices(SamplerKind) { return kSamplers; }
inline std::span<const Choice<Strategy>> choices(Strategy) { return kStrategies; }
inline std::span<const Choice<CropMode>> choices(CropMode) { return kCropModes; }
inline std::span<const Choice<Offload>> choices(Offload) { return kOffloads; }

template <class E>
const char* word_of(E value) {
  for (const Choice<E>& choice : choices(value)) {
    if (choice.value == value) return choice.word;
  }
  return "";
}

/// Returns the option's value as a T. Errors: kUsage, like the getters of Settings.
template <class T>
T value_of(const Settings& settings, const std::string& name) {
  if constexpr (std::is_same_v<T, bool>) {
    return settings.flag(name);
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(settings.integer(name));
  } else if constexpr (std::is_floating_point_v<T>) {
    return settings.number(name);
  } else if constexpr (std::is_enum_v<T>) {
    for (const Choice<T>& choice : choices(T{})) {
      if (settings.text(name) == choice.word) return choice.value;
    }
    return T{};
  } else {
    return settings.text(name);  // std::string, std::filesystem::path
  }
}

/// Returns a value as metadata and reports hold it; null for an empty path and an empty optional.
template <class T>
nlohmann::ordered_json json_of(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    return word_of(value);
  } else if constexpr (std::is_same_v<T, std::filesystem::path>) {
    return value.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(value.string());
  } else {
    return value;
  }
}
template <class T>
nlohmann::ordered_json json_of(const std::optional<T>& value) {
  return value ? json_of(*value) : nlohmann::ordered_json();
}

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

/// Returns `spec.first.second`, or `spec.first`.
template <auto kFirst, auto... kRest>
auto& member(auto& spec) {
  if constexpr (sizeof...(kRest) == 0) {
    return spec.*kFirst;
  } else {
    return member<kRest...>(spec.*kFirst);
  }
}

/// Binds an option to a member of JobSpec: bound<&JobSpec::sampling, &Sampling::steps>(). An optional member stays
/// empty if the option isn't given.
template <auto... kPath>
constexpr Binding bound() {
  Binding binding;
  binding.set = [](const Settings& settings, const char* name, JobSpec& spec) {
    auto& place = member<kPath...>(spec);
    using T = std::remove_reference_t<decltype(place)>;
    if constexpr (is_optional<T>::value) {
      if (settings.has(name)) place = value_of<typename T::value_type>(settings, name);
    } else {
      place = value_of<T>(settings, name);
    }
  };
  binding.get = [](const JobSpec& spec) { return json_of(member<kPath...>(spec)); };
  return binding;
}

/// Sets the members that the options of `settings` are bound to. Errors: kUsage.
void bind_options(const Settings& settings, JobSpec& spec);

/// Returns the options that made a picture, with their values, in the table's order; `seed` is that picture's.
nlohmann::ordered_json recorded_options(const JobSpec& spec, std::uint64_t seed);

/// Returns the options that a report shows: those of a spec, or of settings that could not be resolved to one.
nlohmann::ordered_json reported_options(const JobSpec& spec);
nlohmann::ordered_json reported_options(const Settings& settings);

/// Returns whether the options that say how pictures are denoised are the same, apart from the seed.
bool same_sampling(const JobSpec& a, const JobSpec& b);

}  // namespace zimage::app
