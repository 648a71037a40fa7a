#include "app/options/special_bindings.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <system_error>

#include "base/text.h"
#include "zimage/error.h"
#include "zimage/inpainter.h"

namespace zimage::app {
namespace {

using nlohmann::ordered_json;

/// Returns `binding` with another way back.
Binding with_get(Binding binding, ordered_json (*get)(const JobSpec&)) {
  binding.get = get;
  return binding;
}

/// Refuses a label that stands behind a folder's or a picture's name. Errors: kUsage.
void refuse_label(const std::filesystem::path& path) {
  const std::string text = path.string();
  const std::size_t colon = text.rfind(':');
  std::error_code ignored;
  if (colon == std::string::npos || colon == 0 || std::filesystem::exists(path, ignored)) return;
  const std::string before = text.substr(0, colon);
  if (!std::filesystem::exists(before, ignored)) return;
  throw Error(ErrorCode::kUsage,
              concat({"there is no mask ", in_quotes(text), ", and ", in_quotes(before), " has no labels"}),
              "a label needs a FILE.json: --mask FILE.json:LABEL");
}

bool jumps(const Sampling& sampling) { return sampling.jump_length > 0 && sampling.jump_count > 1; }

}  // namespace

Binding bind_mask() {
  return {[](const Settings& settings, const char* name, JobSpec& spec) {
            static_cast<MaskSource&>(spec.mask) = parse_mask_source(settings.text(name));
            if (!spec.mask.annotated) refuse_label(spec.mask.path);
          },
          [](const JobSpec& spec) {
            const std::string text = mask_source_text(spec.mask);
            return text.empty() ? ordered_json() : ordered_json(text);
          }};
}

Binding bind_mask_threshold() {
  return {[](const Settings& settings, const char* name, JobSpec& spec) {
            const bool has_one = !settings.flag("soft-mask") || settings.has(name);
            const std::string text = settings.text(name);
            spec.mask.label.reset();
            if (text.starts_with('=')) {
              spec.mask.label = parse_mask_label(text);
              return;
            }
            spec.mask.reading.threshold = has_one ? settings.number(name) : 0.0;
          },
          [](const JobSpec& spec) {
            if (spec.mask.label) return ordered_json(mask_label_text(*spec.mask.label));
            const double threshold = spec.mask.reading.threshold;
            return threshold > 0.0 ? ordered_json(threshold) : ordered_json();
          }};
}

Binding bind_negative_prompt() {
  return with_get(bound<&JobSpec::negative_prompt>(), [](const JobSpec& spec) {
    return spec.sampling.guided() ? ordered_json(spec.negative_prompt) : ordered_json();
  });
}

Binding bind_model() {
  return {[](const Settings& settings, const char* name, JobSpec& spec) {
            spec.model_given = settings.has(name) && !settings.given_by(name, Source::kEnvironment);
            spec.model.model = settings.has(name) ? std::filesystem::path(settings.text(name)) : bundled_model();
          },
          [](const JobSpec& spec) { return spec.model_given ? json_of(spec.model.model) : ordered_json(); }};
}

Binding bind_lora() {
  return {[](const Settings& settings, const char* name, JobSpec& spec) {
            spec.model.loras.clear();
            for (const std::string& value : settings.list(name)) spec.model.loras.push_back(parse_lora(value));
          },
          [](const JobSpec& spec) {
            ordered_json values;
            for (const LoraPath& lora : spec.model.loras) {
              values.push_back(concat({lora.file.string(), ":", ordered_json(lora.scale).dump()}));
            }
            return values;
          }};
}

Binding bind_lora_allow_unmatched() {
  return with_get(bound<&JobSpec::model, &ModelPaths::lora_allow_unmatched>(), [](const JobSpec& spec) {
    return spec.model.lora_allow_unmatched ? ordered_json(true) : ordered_json();
  });
}

Binding bind_control_scale() {
  Binding binding = bound<&JobSpec::sampling, &Sampling::control_scale>();
  binding.set = [](const Settings& settings, const char* name, JobSpec& spec) {
    if (settings.has("controlnet") && settings.has(name)) spec.sampling.control_scale = settings.number(name);
  };
  return binding;
}

Binding bind_cfg_truncation() {
  return with_get(bound<&JobSpec::sampling, &Sampling::cfg_truncation>(), [](const JobSpec& spec) {
    const Sampling& sampling = spec.sampling;
    return sampling.guided() && sampling.cfg_truncation < 1.0 ? ordered_json(sampling.cfg_truncation) : ordered_json();
  });
}

Binding bind_cfg_normalization() {
  return with_get(bound<&JobSpec::sampling, &Sampling::cfg_normalization>(), [](const JobSpec& spec) {
    const Sampling& sampling = spec.sampling;
    const bool acts = sampling.guided() && sampling.cfg_normalization > 0.0;
    return acts ? ordered_json(sampling.cfg_normalization) : ordered_json();
  });
}

Binding bind_seed() {
  return {[](const Settings& settings, const char*, JobSpec& spec) {
            const auto seed = settings.seed();
            spec.seed_given = seed.has_value();
            spec.seed = seed.value_or(0);
          },
          [](const JobSpec& spec) { return ordered_json(spec.seed); }};
}

Binding bind_jump_length() {
  return with_get(bound<&JobSpec::sampling, &Sampling::jump_length>(), [](const JobSpec& spec) {
    return ordered_json(jumps(spec.sampling) ? spec.sampling.jump_length : 0);
  });
}

Binding bind_jump_count() {
  return with_get(bound<&JobSpec::sampling, &Sampling::jump_count>(), [](const JobSpec& spec) {
    return ordered_json(jumps(spec.sampling) ? spec.sampling.jump_count : 1);
  });
}

Binding bind_padding() {
  return with_get(bound<&JobSpec::padding>(), [](const JobSpec& spec) {
    return spec.crop == CropMode::kAuto ? json_of(spec.padding) : ordered_json();
  });
}

Binding bind_megapixels() {
  Binding binding = bound<&JobSpec::megapixels>();
  binding.set = [](const Settings& settings, const char* name, JobSpec& spec) {
    if (settings.has(name)) spec.megapixels = settings.number(name);
    spec.compute.megapixels = spec.megapixels.value_or(0.0);
  };
  return with_get(binding, [](const JobSpec& spec) {
    return spec.crop == CropMode::kAuto ? json_of(spec.megapixels) : ordered_json();
  });
}

Binding bind_outpaint() {
  return {[](const Settings& settings, const char* name, JobSpec& spec) {
            spec.outpaint = parse_borders(settings.text(name));
          },
          [](const JobSpec& spec) {
            const Borders& borders = spec.outpaint;
            return ordered_json(std::to_string(borders.left) + "," + std::to_string(borders.top) + "," +
                                std::to_string(borders.right) + "," + std::to_string(borders.bottom));
          }};
}

Binding bind_max_memory() {
  return {[](const Settings& settings, const char* name, JobSpec& spec) {
            spec.compute.max_memory = settings.has(name) ? parse_size(settings.text(name)) : 0;
          },
          [](const JobSpec& spec) {
            return spec.compute.max_memory > 0 ? ordered_json(spec.compute.max_memory) : ordered_json();
          }};
}

std::uint64_t parse_size(const std::string& text) {
  constexpr double kLeast = 1e6;
  constexpr double kMost = 1e15;
  double number = 0.0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  std::string unit;
  for (const char* c = parsed.ptr; parsed.ec == std::errc() && c != end; ++c) {
    if (*c != ' ') unit += static_cast<char>(std::toupper(static_cast<unsigned char>(*c)));
  }
  const std::map<std::string, double> units{
      {"MB", 1e6},         {"GB", 1e9},           {"TB", 1e12},           {"M", 1048576.0},        {"MIB", 1048576.0},
      {"G", 1073741824.0}, {"GIB", 1073741824.0}, {"T", 1099511627776.0}, {"TIB", 1099511627776.0}};
  const auto found = units.find(unit);
  const double bytes = found == units.end() ? 0.0 : number * found->second;
  if (!(bytes >= kLeast && bytes <= kMost)) {
    throw Error(ErrorCode::kUsage, concat({in_quotes(text), " is not a size of memory"}),
                "--max-memory takes a number and a unit: 6GB, 7.5GiB, 800MB");
  }
  return static_cast<std::uint64_t>(bytes);
}

LoraPath parse_lora(const std::string& text) {
  const auto colon = text.rfind(':');
  LoraPath lora{.file = text};
  if (colon != std::string::npos) {
    const char* end = text.data() + text.size();
    const auto [after, error] = std::from_chars(text.data() + colon + 1, end, lora.scale);
    const bool number = after == end && colon + 1 < text.size();
    if (number && (error != std::errc{} || !std::isfinite(lora.scale))) {
      throw Error(ErrorCode::kUsage, concat({"--lora ", printable(text), " has a scale that is not a finite number"}),
                  "give --lora FILE:0.8");
    }
    if (number) lora.file = text.substr(0, colon);
    if (!number) lora.scale = 1.0;
  }
  if (lora.file.empty()) throw Error(ErrorCode::kUsage, "--lora names no file", "give --lora FILE or --lora FILE:0.8");
  return lora;
}

MaskLabel parse_mask_label(const std::string& text) {
  constexpr int kMostLevel = 65535;
  MaskLabel label;
  const bool color = text.starts_with("=#");
  const char* begin = text.data() + (color ? 2 : 1);
  const char* end = text.data() + text.size();
  int value = -1;
  const auto [after, error] = begin < end ? std::from_chars(begin, end, value, color ? 16 : 10)
                                          : std::from_chars_result{begin, std::errc::invalid_argument};
  const bool right = error == std::errc{} && after == end && value >= 0 && text.starts_with('=');
  if (!right || (color ? end - begin != 6 : value > kMostLevel)) {
    throw Error(ErrorCode::kUsage, "--mask-threshold can't be " + in_quotes(text),
                "give a share above 0 and at most 1, or = and one of the mask's values: =3, or =#ff0000");
  }
  if (!color) {
    label.level = value;
  } else {
    for (int c = 0; c < 3; ++c)
      label.color.at(static_cast<std::size_t>(c)) = static_cast<std::uint16_t>((value >> (16 - 8 * c)) & 0xFF);
  }
  return label;
}

std::string mask_label_text(const MaskLabel& label) {
  if (label.level) return concat({"=", std::to_string(*label.level)});
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "=#%02x%02x%02x", label.color[0], label.color[1], label.color[2]);
  return text.data();
}

Borders parse_borders(const std::string& text) {
  constexpr int kMaxBorder = 65536;
  std::array<int, 4> sides{};
  const char* place = text.data();
  const char* end = place + text.size();
  for (std::size_t i = 0; i < sides.size(); ++i) {
    const auto [after, error] = std::from_chars(place, end, sides[i]);
    const bool last = i + 1 == sides.size();
    const bool ends_well = last ? after == end : after != end && *after == ',';
    if (error != std::errc{} || sides[i] < 0 || sides[i] > kMaxBorder || !ends_well) {
      throw Error(ErrorCode::kUsage, "--outpaint can't be '" + text + "'",
                  "give the pixels to add at left, top, right and bottom: --outpaint 0,0,256,0");
    }
    place = last ? after : after + 1;
  }
  return {sides[0], sides[1], sides[2], sides[3]};
}

}  // namespace zimage::app
