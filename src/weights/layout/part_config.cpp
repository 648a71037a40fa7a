#include "weights/layout/part_config.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <system_error>

#include "base/log.h"
#include "base/regular_file.h"
#include "base/text.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

/// Returns the kind of part that a config.json says it is for; empty: it doesn't say.
/// Source: diffusers writes `_class_name`, transformers `model_type`.
std::optional<Part> part_of(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  if (json.contains("model_type")) return Part::kTextEncoder;
  const auto name = json.find("_class_name");
  if (name == json.end() || !name->is_string()) return std::nullopt;
  const std::string type = name->get<std::string>();
  const auto has = [&](const char* word) { return type.find(word) != std::string::npos; };
  if (has("Autoencoder")) return Part::kVAE;
  if (has("Control")) return Part::kControlNet;
  if (has("Transformer")) return Part::kDiT;
  return std::nullopt;
}

bool belongs(const std::string& text, Part part) {
  const auto owner = part_of(text);
  // Trainers call a ControlNet's class a transformer, too.
  return !owner || *owner == part || (part == Part::kControlNet && *owner == Part::kDiT);
}

}  // namespace

ComponentFiles with_config(const fs::path& weights, Part part) {
  ComponentFiles files;
  files.weights = weights;
  if (weights.empty()) return files;
  const fs::path folder = weights.has_parent_path() ? weights.parent_path() : fs::path(".");
  const fs::path config = folder / "config.json";
  std::error_code error;
  if (!fs::exists(config, error)) return files;
  std::string text = read_text(config, kMaxConfigBytes, ErrorCode::kModel);
  if (!belongs(text, part)) {
    log::info(concat({config.string(), " belongs to another part than ", weights.filename().string()}));
    return files;
  }
  files.config_path = config;
  files.config = std::move(text);
  return files;
}

}  // namespace zimage
