#include "app/provenance/provenance.h"

#include <nlohmann/json.hpp>

#include "app/options/binding.h"
#include "base/text.h"
#include "codecs/metadata/exif.h"
#include "zimage/version.h"

namespace zimage::app {
namespace fs = std::filesystem;
using nlohmann::ordered_json;
namespace {

ordered_json hash_of(const fs::path& path) { return json_of_digest(digest_file(path)); }

/// Returns a name for a model's file that doesn't depend on where the model lies.
std::string name_in_model(const fs::path& file, const fs::path& model) {
  const fs::path relative = file.lexically_relative(model);
  if (relative.empty() || relative == "." || *relative.begin() == "..") return file.filename().string();
  return relative.generic_string();
}

/// Returns the shortest text that reads back as the same number.
template <class T>
std::string shortest(const T& value) {
  return json_of(value).dump();
}

}  // namespace

ordered_json json_of_digest(const FileDigest& digest) {
  if (digest.whole) return {{"sha256", digest.sha256}};
  return {{"sha256_of_first_and_last_mib", digest.sha256}, {"size", digest.size}};
}

ordered_json hash_model(const ModelInfo& model, const fs::path& folder) {
  ordered_json files = ordered_json::object();
  for (const fs::path& file : model.files) {
    // Files of the same name from different folders outside the model's, such as two LoRAs, are told apart by a number.
    const std::string name = name_in_model(file, folder);
    std::string key = name;
    for (int number = 2; files.contains(key); ++number) key = concat({name, " (", std::to_string(number), ")"});
    files[key] = hash_of(file);
  }
  return files;
}

ordered_json hash_inputs(const JobSpec& spec) {
  ordered_json hashes;
  hashes["image"] = spec.stdin_picture ? json_of_digest(digest_bytes(*spec.stdin_picture)) : hash_of(spec.image);
  if (!spec.mask.path.empty()) hashes["mask"] = hash_of(spec.mask.path);
  if (!spec.control_image.empty()) hashes["control_image"] = hash_of(spec.control_image);
  return hashes;
}

ordered_json describe_provenance(const JobSpec& spec, std::uint64_t seed, const ModelInfo& model,
                                 const ordered_json& hashes) {
  // Which of several GPUs was used says nothing about the picture.
  const std::string device = model.device.substr(0, model.device.find(':'));
  return {{"format", 1},
          {"version", version()},
          {"commit", git_commit()},
          {"torch", torch_version()},
          {"model",
           {{"name", model.name},
            {"demo", model.demo},
            {"random_weights", model.random_weights},
            {"device", device},
            {"dtype", model.dtype}}},
          {"options", recorded_options(spec, seed)},
          {"hashes", hashes}};
}

std::string provenance_text(const ordered_json& provenance) {
  // The text is escaped to ASCII, so that it is a plain tEXt entry or comment whatever the prompt and the names are.
  return provenance.dump(-1, ' ', true, ordered_json::error_handler_t::replace);
}

bool is_provenance(const std::string& comment) {
  if (!comment.starts_with("{\"format\":")) return false;
  const auto parsed = ordered_json::parse(comment, nullptr, false);
  return parsed.is_object() && parsed.contains("options") && parsed.contains("hashes");
}

std::optional<std::string> provenance_of(const codecs::ImageFile& picture) {
  const auto entry = picture.text.find(kProvenanceKey);
  if (entry != picture.text.end()) return entry->second;
  auto comment = codecs::exif::user_comment(picture.metadata.exif);
  if (comment && is_provenance(*comment)) return comment;
  return std::nullopt;
}

std::map<std::string, std::string> png_text(const JobSpec& spec, const Image& picture, std::uint64_t seed,
                                            const ModelInfo& model, const ordered_json& provenance) {
  const Sampling& sampling = spec.sampling;
  // The layout that AUTOMATIC1111's web UI writes and many programs read: prompt, negative prompt, one line of pairs.
  std::string line = spec.prompt + "\n";
  if (sampling.guided() && !spec.negative_prompt.empty()) line += "Negative prompt: " + spec.negative_prompt + "\n";
  line += "Steps: " + shortest(sampling.steps) + ", Sampler: " + word_of(sampling.sampler);
  line += ", Shift: " + shortest(sampling.shift) + ", CFG scale: " + shortest(sampling.guidance_scale);
  line += ", Seed: " + std::to_string(seed);
  line += ", Size: " + size_text(picture.width, picture.height);
  line += ", Model: " + model.name;
  for (const LoraInfo& lora : model.loras) {
    line += concat({", LoRA: ", printable(lora.file.filename().string()), " ", shortest(lora.scale)});
  }
  line += ", Denoising strength: " + shortest(sampling.strength);
  line += std::string(", Version: zimage-inpaint ") + version();
  return {{"parameters", line}, {kProvenanceKey, provenance_text(provenance)}};
}

}  // namespace zimage::app
