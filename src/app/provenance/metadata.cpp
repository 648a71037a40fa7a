#include "app/provenance/metadata.h"

#include <nlohmann/json.hpp>

#include "app/provenance/hash.h"
#include "codecs/metadata/exif.h"
#include "zimage/version.h"

namespace zimage::app {
namespace fs = std::filesystem;
using nlohmann::ordered_json;
namespace {

ordered_json hash_of(const fs::path& path) {
  const FileDigest digest = digest_file(path);
  if (digest.whole) return {{"sha256", digest.sha256}};
  return {{"sha256_of_first_and_last_mib", digest.sha256}, {"size", digest.size}};
}

/// A name for a model's file that doesn't depend on where the model lies.
std::string name_in_model(const fs::path& file, const fs::path& model) {
  const fs::path relative = file.lexically_relative(model);
  if (relative.empty() || relative == "." || *relative.begin() == "..") return file.filename().string();
  return relative.generic_string();
}

const char* to_string(SamplerKind sampler) { return sampler == SamplerKind::kEuler ? "euler" : "res_multistep"; }

/// The shortest text that reads back as the same number.
std::string shortest(double value) { return ordered_json(value).dump(); }

std::string borders_text(const Borders& borders) {
  return std::to_string(borders.left) + "," + std::to_string(borders.top) + "," + std::to_string(borders.right) + "," +
         std::to_string(borders.bottom);
}

ordered_json recorded_options(const Plan& plan, std::uint64_t seed) {
  const Request& request = plan.request;
  ordered_json options;
  options["image"] = plan.image_path.string();
  if (plan.mask_from_alpha || !plan.mask_path.empty()) {
    options["mask"] = plan.mask_from_alpha ? "alpha" : plan.mask_path.string();
  }
  options["prompt"] = request.prompt;
  if (request.guidance_scale != 1.0) options["negative-prompt"] = request.negative_prompt;
  if (plan.model_given) options["model"] = plan.model.model.string();
  if (!plan.model.text_encoder.empty()) options["text-encoder"] = plan.model.text_encoder.string();
  if (!plan.model.tokenizer.empty()) options["tokenizer"] = plan.model.tokenizer.string();
  if (!plan.model.vae.empty()) options["vae"] = plan.model.vae.string();
  if (!plan.model.controlnet.empty()) options["controlnet"] = plan.model.controlnet.string();
  if (!plan.control_image_path.empty()) options["control-image"] = plan.control_image_path.string();
  if (request.control_scale) options["control-scale"] = *request.control_scale;
  options["steps"] = request.steps;
  options["shift"] = request.shift;
  options["guidance-scale"] = request.guidance_scale;
  options["sampler"] = to_string(request.sampler);
  options["seed"] = seed;
  options["strength"] = request.strength;
  options["strategy"] = plan.strategy;
  options["mask-invert"] = plan.mask_reading.invert;
  // 0 is what a soft mask has without one.
  if (plan.mask_reading.threshold > 0.0) options["mask-threshold"] = plan.mask_reading.threshold;
  // What is off is recorded too: left out it would come back as the default, which may be on.
  options["feather"] = request.feather;
  options["color-match"] = request.color_match;
  options["mask-grow"] = plan.mask_grow;
  options["mask-fill-holes"] = plan.mask_fill_holes;
  options["soft-mask"] = plan.mask_reading.soft;
  const bool jumps = request.jump_length > 0 && request.jump_count > 1;
  options["jump-length"] = jumps ? request.jump_length : 0;
  options["jump-count"] = jumps ? request.jump_count : 1;
  if (request.crop == CropMode::kAuto && request.padding >= 0) options["padding"] = request.padding;
  if (request.crop == CropMode::kAuto && request.megapixels > 0.0) options["megapixels"] = request.megapixels;
  options["outpaint"] = borders_text(plan.outpaint);
  options["crop"] = request.crop == CropMode::kAuto ? "auto" : "off";
  options["composite"] = request.composite;
  options["dtype"] = plan.compute.dtype;
  return options;
}

}  // namespace

ordered_json hash_model(const ModelInfo& model, const fs::path& folder) {
  ordered_json files = ordered_json::object();
  for (const fs::path& file : model.files) files[name_in_model(file, folder)] = hash_of(file);
  return files;
}

ordered_json hash_inputs(const Plan& plan) {
  ordered_json hashes;
  hashes["image"] = hash_of(plan.image_path);
  if (!plan.mask_path.empty()) hashes["mask"] = hash_of(plan.mask_path);
  if (!plan.control_image_path.empty()) hashes["control_image"] = hash_of(plan.control_image_path);
  return hashes;
}

ordered_json describe_making(const Plan& plan, std::uint64_t seed, const ModelInfo& model, const ordered_json& hashes) {
  // Which of several GPUs it was says nothing about the picture.
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
          {"options", recorded_options(plan, seed)},
          {"hashes", hashes}};
}

std::string making_text(const ordered_json& making) {
  // Escaped to ASCII, so that it is a plain tEXt entry or comment whatever the prompt and the names are.
  return making.dump(-1, ' ', true, ordered_json::error_handler_t::replace);
}

bool is_making(const std::string& comment) {
  if (!comment.starts_with("{\"format\":")) return false;
  const auto parsed = ordered_json::parse(comment, nullptr, false);
  return parsed.is_object() && parsed.contains("options") && parsed.contains("hashes");
}

std::optional<std::string> making_of(const codecs::ImageFile& picture) {
  const auto entry = picture.text.find(kMetadataKey);
  if (entry != picture.text.end()) return entry->second;
  auto comment = codecs::exif::user_comment(picture.carried.exif);
  if (comment && is_making(*comment)) return comment;
  return std::nullopt;
}

std::map<std::string, std::string> png_text(const Plan& plan, std::uint64_t seed, const ModelInfo& model,
                                            const ordered_json& making) {
  const Request& request = plan.request;
  // The layout that AUTOMATIC1111's web UI writes and many programs read: prompt, negative prompt, one line of pairs.
  std::string line = request.prompt + "\n";
  if (request.guidance_scale != 1.0 && !request.negative_prompt.empty()) {
    line += "Negative prompt: " + request.negative_prompt + "\n";
  }
  line += "Steps: " + std::to_string(request.steps) + ", Sampler: " + to_string(request.sampler);
  line += ", Shift: " + shortest(request.shift) + ", CFG scale: " + shortest(request.guidance_scale);
  line += ", Seed: " + std::to_string(seed);
  line += ", Size: " + std::to_string(request.image.width) + "x" + std::to_string(request.image.height);
  line += ", Model: " + model.name + ", Denoising strength: " + shortest(request.strength);
  line += std::string(", Version: zimage-inpaint ") + version();
  return {{"parameters", line}, {kMetadataKey, making_text(making)}};
}

}  // namespace zimage::app
