#include <utility>
#include <vector>

#include "base/text.h"
#include "weights/identify.h"
#include "weights/names/dit_names.h"
#include "weights/names/mapped_source.h"
#include "weights/names/prefixes.h"
#include "weights/names/text_encoder_names.h"
#include "weights/names/vae_names.h"
#include "weights/open_weights.h"
#include "zimage/error.h"

namespace zimage {
namespace {

const char* wanted(Part part) {
  switch (part) {
    case Part::kDiT: return "a Z-Image DiT";
    case Part::kTextEncoder: return "a Qwen3 text encoder";
    case Part::kVAE: return "a VAE";
    case Part::kControlNet: return "a Z-Image ControlNet";
  }
  return "";
}

[[noreturn]] void refuse(const WeightSource& file, const FileIdentity& identity, Part part) {
  std::string message = concat({file.description(), " is not ", wanted(part), ": it is ", identity.what});
  if (identity.kind == FileKind::kUnknown) {
    std::vector<std::string> names;
    for (const std::string& name : file.names()) names.push_back(in_quotes(name));
    message += names.empty() ? "; it has no tensors" : concat({"; it has the tensors ", list_some(names, 3)});
  }
  throw Error(ErrorCode::kModel, message, "README.md, \"Get the model\", names the files");
}

/// Returns the file's names that belong to a part.
std::vector<std::string> names_of(const WeightSource& file, Part part, bool bundle) {
  std::vector<std::string> names;
  for (std::string& name : file.names()) {
    if (!bundle || part_of(name).value_or(Part::kDiT) == part) names.push_back(std::move(name));
  }
  return names;
}

std::vector<MappedWeight> map_names(const WeightSource& file, const std::vector<std::string>& names, Part part) {
  std::vector<std::string> short_names;
  for (const std::string& name : names) short_names.emplace_back(without_prefix(name, part));
  const std::int64_t levels = part == Part::kVAE ? vae_levels(short_names) : 0;
  const auto look_up = [&](const std::string& name, const std::vector<std::int64_t>& shape) {
    if (part == Part::kTextEncoder) return text_encoder_names(name);
    return part == Part::kVAE ? vae_names(name, shape, levels) : dit_names(name, shape);
  };
  std::vector<MappedWeight> weights;
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::vector<MappedWeight> known = look_up(short_names[i], file.find(names[i])->shape);
    if (known.empty()) known = {{.name = names[i], .stored = {}}};
    for (MappedWeight& weight : known) {
      weight.stored = names[i];
      weights.push_back(std::move(weight));
    }
  }
  return weights;
}

}  // namespace

const char* folder_of(Part part) {
  switch (part) {
    case Part::kDiT: return "transformer";
    case Part::kTextEncoder: return "text_encoder";
    case Part::kVAE: return "vae";
    case Part::kControlNet: return "controlnet";
  }
  return "";
}

OpenedPart open_part(const OpenedWeights& file, Part part) {
  const FileIdentity identity = identify(*file.weights);
  if (!has_part(identity, part)) refuse(*file.weights, identity, part);
  const auto names = names_of(*file.weights, part, identity.kind == FileKind::kBundle);
  OpenedPart opened;
  opened.weights = std::make_shared<MappedSource>(file.weights, map_names(*file.weights, names, part));
  opened.gguf = file.gguf;
  const auto text = [&](const std::string& key) {
    const auto found = file.metadata.find(key);
    return found == file.metadata.end() ? std::string() : found->second;
  };
  opened.config = text(concat({"config.", folder_of(part)}));
  if (part == Part::kDiT) {
    opened.scheduler = text(kSchedulerKey);
    opened.index = text(kModelIndexKey);
  }
  if (part == Part::kTextEncoder && file.gguf != nullptr) opened.config = text_encoder_config(*file.gguf);
  return opened;
}

OpenedPart open_part(const std::filesystem::path& path, Part part) { return open_part(open_weights(path), part); }

}  // namespace zimage
