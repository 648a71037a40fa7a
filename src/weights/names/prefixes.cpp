#include "weights/names/prefixes.h"

#include <array>
#include <initializer_list>

namespace zimage {
namespace {

constexpr std::string_view kTextEncoders = "text_encoders.";  ///< an encoder's name follows: qwen3_4b.
constexpr std::string_view kTextEncoder = "text_encoder.";
constexpr std::string_view kVAE = "vae.";
constexpr std::string_view kFirstStage = "first_stage_model.";

/// Removes the first of the prefixes that the name begins with; returns whether there was one.
bool take_one(std::string_view& name, std::initializer_list<std::string_view> prefixes) {
  for (const auto& prefix : prefixes) {
    if (!name.starts_with(prefix)) continue;
    name.remove_prefix(prefix.size());
    return true;
  }
  return false;
}

}  // namespace

std::optional<Part> part_of(std::string_view name) {
  if (name.starts_with(kTextEncoders) || name.starts_with(kTextEncoder)) return Part::kTextEncoder;
  if (name.starts_with(kVAE) || name.starts_with(kFirstStage)) return Part::kVAE;
  return {};
}

std::string_view without_prefix(std::string_view name, Part part) {
  switch (part) {
    case Part::kDiT:
    case Part::kControlNet:
      take_one(name, {"model.diffusion_model.", "diffusion_model.", "transformer.", "model."});
      break;
    case Part::kTextEncoder:
      if (take_one(name, {kTextEncoders})) {
        const std::size_t dot = name.find('.');
        if (dot != std::string_view::npos) name.remove_prefix(dot + 1);
      } else {
        take_one(name, {kTextEncoder});
      }
      take_one(name, {"transformer."});
      take_one(name, {"model."});
      break;
    case Part::kVAE: take_one(name, {kVAE, kFirstStage}); break;
  }
  return name;
}

}  // namespace zimage
