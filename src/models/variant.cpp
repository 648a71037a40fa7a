#include "models/variant.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <sstream>
#include <vector>

#include "base/text.h"

namespace zimage {
namespace {

constexpr double kBaseShift = 5.0;  // InvokeAI's border: Turbo is published with a shift of 3, base with 6
constexpr double kLeastShift = 0.01;
constexpr double kMostShift = 100.0;

/// Words that say how a file is stored, or who published it, and nothing about the variant.
constexpr const char* kNeutral[] = {
    "bf16",    "fp16",  "fp32",   "f16",   "f32",    "fp8",    "fp4", "int8",        "int4",  "nvfp4",  "mxfp8",
    "e4m3fn",  "e5m2",  "scaled", "mixed", "ud",     "k",      "s",   "m",           "l",     "xs",     "xl",
    "nl",      "kj",    "cr",     "aio",   "of",     "gguf",   "sft", "safetensors", "index", "json",   "convrot",
    "comfyui", "comfy", "ui",     "org",   "models", "tongyi", "mai", "unsloth",     "jayn7", "leejet", "diffusers"};

bool is_digits(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// Returns whether a word is a dtype, a block type of GGUF ("q4", "iq4"), a number or a version ("v2").
bool is_neutral(const std::string& word) {
  if (std::find(std::begin(kNeutral), std::end(kNeutral), word) != std::end(kNeutral)) return true;
  for (const char* prefix : {"", "q", "iq", "v"}) {
    if (word.starts_with(prefix) && is_digits(word.substr(std::string(prefix).size()))) return true;
  }
  return false;
}

/// Splits a name into words in lower case, at signs and where a capital follows a small letter or a digit.
std::vector<std::string> words_of(const std::string& name) {
  std::vector<std::string> words(1);
  unsigned char previous = 0;
  for (const unsigned char c : name) {
    const bool in_word = std::isalnum(c) != 0 || c >= 0x80;
    const bool capital = std::isupper(c) != 0 && previous != 0 && std::isupper(previous) == 0;
    if ((!in_word || capital) && !words.back().empty()) words.emplace_back();
    if (in_word) words.back() += static_cast<char>(c);
    previous = c;
  }
  if (words.back().empty()) words.pop_back();
  for (std::string& word : words) word = lower(word);
  return words;
}

/// Returns whether the words name fewer than ten steps: "8steps", "4step", or "8 steps" in two words.
bool names_few_steps(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::size_t at = words[i].find("step");
    if (at == std::string::npos || (at == 0 && i == 0)) continue;
    const std::string count = at > 0 ? words[i].substr(0, at) : words[i - 1];
    if (count.size() == 1 && is_digits(count)) return true;
  }
  return false;
}

/// Returns the variant that a file's or folder's name says it is; empty if it says nothing.
std::optional<Variant> variant_of_name(const std::string& name) {
  const std::vector<std::string> words = words_of(name);
  std::string joined = "-";
  for (const std::string& word : words) joined += word + "-";
  const auto says = [&](const char* part) { return joined.find(part) != std::string::npos; };
  if (says("-de-turbo") || says("-deturbo") || says("imagedeturbo")) return Variant::kDeTurbo;
  if (says("turbo") || says("distill") || names_few_steps(words)) return Variant::kTurbo;
  if (says("z-image-base") || says("zimage-base") || says("zimagebase") || says("-zib-")) return Variant::kBase;
  // The base model's own files have no mark: they are called z_image_bf16, z_image-Q4_K_M, Z-Image.
  bool named = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool two_words = words[i] == "z" && i + 1 < words.size() && words[i + 1] == "image";
    if (!named && (two_words || words[i] == "zimage")) {
      named = true;
      i += two_words ? 1 : 0;
    } else if (!is_neutral(words[i])) {
      return std::nullopt;
    }
  }
  return named ? std::optional(Variant::kBase) : std::nullopt;
}

/// Returns the shift that a run with this scheduler would use; empty if it has none, or computes it from the size.
std::optional<double> shift_of(const ConfigText& scheduler) {
  const ConfigReader json(scheduler);
  const auto shift = json.number("shift");
  if (!shift || json.boolean("use_dynamic_shifting").value_or(false)) return std::nullopt;
  if (*shift < kLeastShift || *shift > kMostShift) json.fail("'shift' must be a number from 0.01 to 100");
  return shift;
}

SamplingDefaults defaults_of(Variant variant) {
  switch (variant) {
    // The card of base Z-Image gives 28 to 50 steps and a guidance of 3 to 5 as diffusers counts it, which is 4 to 6
    // here; ComfyUI's workflow has 4, in the convention used here (1 = off).
    case Variant::kBase: return {30, 6.0, 4.0};
    // Its author (ostris) samples with 25 steps and a guidance of 2 to 3.
    case Variant::kDeTurbo: return {25, 3.0, 3.0};
    case Variant::kTurbo: break;
  }
  return {};
}

VariantChoice choice(Variant variant, const std::string& reason, std::optional<double> shift) {
  VariantChoice chosen{variant, reason, defaults_of(variant)};
  if (shift) chosen.defaults.shift = *shift;
  return chosen;
}

}  // namespace

const char* to_string(Variant variant) {
  switch (variant) {
    case Variant::kBase: return "base";
    case Variant::kDeTurbo: return "de-turbo";
    case Variant::kTurbo: break;
  }
  return "turbo";
}

VariantChoice detect_variant(const ConfigText& scheduler, const std::string& file, const std::string& folder) {
  const auto shift = shift_of(scheduler);
  const bool shift_of_base = shift && *shift >= kBaseShift;
  if (const auto variant = variant_of_name(file)) {
    // A file may lie in another model's folder, whose scheduler isn't its own.
    const bool agrees = shift_of_base == (variant == Variant::kBase);
    return choice(*variant, "by the file's name, " + in_quotes(file), agrees ? shift : std::nullopt);
  }
  const auto by_folder = variant_of_name(folder);
  const std::string folder_reason = "by the folder's name, " + in_quotes(folder);
  if (by_folder == Variant::kDeTurbo && !shift_of_base) return choice(Variant::kDeTurbo, folder_reason, shift);
  if (shift) {
    std::ostringstream reason;
    reason << "by the shift " << *shift << " in its scheduler_config.json";
    return choice(shift_of_base ? Variant::kBase : Variant::kTurbo, reason.str(), shift);
  }
  if (by_folder) return choice(*by_folder, folder_reason, std::nullopt);
  return choice(Variant::kTurbo, "assumed, because neither a scheduler_config.json nor a name says otherwise",
                std::nullopt);
}

}  // namespace zimage
