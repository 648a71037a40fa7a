#include "pipeline/residency/loras.h"

#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "weights/identify.h"
#include "weights/layout/comfyui_tree.h"
#include "weights/layout/file_facts.h"
#include "weights/lora/foreign.h"
#include "weights/lora/lora_file.h"
#include "zimage/error.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNamesInMessage = 20;

/// Returns the place of a LoRA: where its path leads, else in ComfyUI's folder of LoRAs. Errors: kModel.
fs::path locate_lora(const fs::path& named, std::span<const fs::path> trees) {
  const fs::path place = locate_in_tree(named, trees, TreeFolder::kLora);
  std::error_code error;
  if (!fs::exists(place, error)) {
    const std::string text = named.string();
    const auto colon = text.rfind(':');
    if (colon != std::string::npos &&
        fs::exists(locate_in_tree(text.substr(0, colon), trees, TreeFolder::kLora), error)) {
      throw Error(ErrorCode::kUsage,
                  concat({"--lora ", text, ": the scale ", in_quotes(text.substr(colon + 1)), " is not a number"}),
                  "write it as in FILE:0.8; more LoRAs take a --lora each");
    }
    throw Error(ErrorCode::kModel, not_in_tree(named, trees, TreeFolder::kLora), "check the path of --lora");
  }
  return place;
}

std::string counted(std::size_t count, const char* what) {
  return concat({std::to_string(count), " ", what, count == 1 ? "" : "s"});
}

std::string with_names(const std::string& text, const std::vector<std::string>& names) {
  return concat({text, ": ", list_some(names, kNamesInMessage)});
}

bool is_training_adapter(const fs::path& file) {
  const std::string name = lower(file.filename().string());
  return name.find("training_adapter") != std::string::npos || name.find("training-adapter") != std::string::npos;
}

/// Describes a file none of whose keys names a part of the model.
std::string nothing_fits(const LoraFile& lora) {
  const LoraProblems& problems = lora.problems;
  if (!lora.other_model.empty()) return "is a LoRA for " + lora.other_model;
  if (problems.unmatched.empty() && !problems.text_encoder.empty()) {
    return with_names("is a LoRA for the text encoder, which is not supported", problems.text_encoder);
  }
  return with_names(concat({"has ", counted(problems.unmatched.size(), "key"), ", none of which fits this model"}),
                    problems.unmatched);
}

}  // namespace

LoraFindings judge_lora(const fs::path& path, const LoraFile& lora, std::int64_t width) {
  LoraFindings found;
  const LoraProblems& problems = lora.problems;
  if (!lora.is_lora) {
    const FileIdentity identity = identify(*lora.tensors);
    found.errors.push_back(identity.kind == FileKind::kUnknown ? concat({"is not a LoRA: it is ", identity.what})
                                                               : where_it_belongs(identity));
    return found;
  }
  if (is_training_adapter(path)) {
    found.unmatched.emplace_back(
        "is a training adapter by its name, which is there while LoRAs are trained and is left out for pictures");
  }
  const bool other_width = lora.layers.empty() && lora.width > 0 && lora.width != width;
  if (other_width) {
    found.errors.push_back(
        concat({"is a LoRA for ", model_of_width(lora.width), "; this model is ", std::to_string(width), " wide"}));
    return found;
  }
  if (!problems.mis_shaped.empty()) found.errors.push_back(with_names("has mis-shaped tensors", problems.mis_shaped));
  if (!problems.broken.empty()) found.errors.push_back(with_names("is damaged or incomplete", problems.broken));
  if (!problems.unsupported.empty()) {
    found.unmatched.push_back(with_names("has tensors of a kind that is not supported", problems.unsupported));
  }
  if (lora.layers.empty() && found.errors.empty() && problems.unsupported.empty()) {
    found.unmatched.push_back(nothing_fits(lora));
    return found;
  }
  if (!problems.text_encoder.empty()) {
    found.unmatched.push_back(with_names(concat({"is also for the text encoder, which is not supported, with ",
                                                 counted(problems.text_encoder.size(), "key")}),
                                         problems.text_encoder));
  }
  if (!problems.unmatched.empty()) {
    found.unmatched.push_back(
        with_names(concat({"has ", counted(problems.unmatched.size(), "key"), " that ",
                           problems.unmatched.size() == 1 ? "fits" : "fit", " nothing in this model"}),
                   problems.unmatched));
  }
  return found;
}

namespace {

LoraInfo describe(const LoraFile& lora, double scale) {
  const LoraProblems& problems = lora.problems;
  std::set<std::string> modules;
  for (const LoraLayer& layer : lora.layers) modules.insert(layer.name);
  return {.file = lora.tensors->files().front(),
          .settings = lora.settings,
          .scale = scale,
          .kind = kind_of(lora),
          .rank = rank_of(lora),
          .layers = static_cast<std::int64_t>(modules.size()),
          .unmatched = static_cast<std::int64_t>(problems.unmatched.size() + problems.text_encoder.size() +
                                                 problems.unsupported.size())};
}

void append(std::string& text, const fs::path& path, const std::vector<std::string>& findings) {
  for (const std::string& finding : findings) text += concat({text.empty() ? "" : "; ", path.string(), " ", finding});
}

}  // namespace

std::vector<LoraInfo> open_loras(const ModelPaths& paths, std::span<const fs::path> trees, const WeightSource& dit,
                                 nn::LoraSet& set) {
  const WeightInfo* embedder = dit.find("all_x_embedder.2-1.weight");
  const std::int64_t width = embedder == nullptr || embedder->shape.empty() ? 0 : embedder->shape.front();
  std::vector<LoraInfo> infos;
  std::string wrong;
  bool hopeless = false;
  for (const LoraPath& path : paths.loras) {
    LoraFile lora = read_lora(locate_lora(path.file, trees), dit);
    const LoraFindings found = judge_lora(path.file, lora, width);
    append(wrong, path.file, found.errors);
    // If nothing of a file fits, applying it would be applying nothing.
    const bool useless = lora.layers.empty();
    hopeless = hopeless || useless || !found.errors.empty();
    if (paths.lora_allow_unmatched && !useless) {
      for (const std::string& finding : found.unmatched) {
        log::warning(printable(concat({path.file.string(), " ", finding})));
      }
    } else {
      append(wrong, path.file, found.unmatched);
    }
    infos.push_back(describe(lora, path.scale));
    set.add(std::move(lora), path.scale);
  }
  if (wrong.empty()) return infos;
  throw Error(ErrorCode::kModel, wrong,
              hopeless ? "--lora takes LoRAs for Z-Image's DiT: leave out the others"
                       : "leave the file out, or give --lora-allow-unmatched to go on with it");
}

}  // namespace zimage
