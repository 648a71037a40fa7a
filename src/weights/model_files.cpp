#include "weights/model_files.h"

#include <algorithm>
#include <system_error>
#include <vector>

#include "base/regular_file.h"
#include "base/text.h"
#include "weights/locate_checkpoint.h"
#include "zimage/error.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxConfigBytes = std::size_t{16} << 20;
constexpr const char* kGetTheModel = "see README, \"Get the model\"";

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

/// Returns the folder that a path is in, "." for a bare name.
fs::path folder_of(const fs::path& path) {
  const fs::path parent = path.parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

void add_unique(std::vector<fs::path>& paths, const fs::path& path) {
  const fs::path normal = path.lexically_normal();
  if (std::find(paths.begin(), paths.end(), normal) == paths.end()) paths.push_back(normal);
}

std::string list_paths(const std::vector<fs::path>& paths) {
  std::vector<std::string> names;
  for (const fs::path& path : paths) names.push_back(path.string());
  return list_some(names, names.size());
}

/// Finds the parts of a model and collects the missing ones, so that one message can name them all.
class Finder {
 public:
  /// Finds a part with weights: at its option's path if one is given, else in the first of the places that has it.
  ComponentFiles weights(const std::string& part, const std::string& option, const fs::path& given,
                         const std::vector<fs::path>& places) {
    if (!given.empty()) {
      const LocatedCheckpoint located = locate_checkpoint(given);
      if (located.file.empty()) missing_.push_back(part + " (" + option + ": " + located.problem + ")");
      return with_config(located.file);
    }
    std::string problem;
    for (const fs::path& place : places) {
      const LocatedCheckpoint located = locate_checkpoint(place);
      if (!located.file.empty()) return with_config(located.file);
      if (is_there(place)) problem = located.problem;
    }
    not_found(part, option, places, problem);
    return {};
  }

  fs::path tokenizer(const fs::path& given, const std::vector<fs::path>& places) {
    if (!given.empty()) {
      const fs::path file = is_folder(given) ? given / "tokenizer.json" : given;
      if (!is_there(file)) missing_.push_back("tokenizer (--tokenizer: " + file.string() + " does not exist)");
      return file;
    }
    for (const fs::path& place : places) {
      if (is_there(place) && !is_folder(place)) return place;
    }
    not_found("tokenizer", "--tokenizer", places, "");
    return {};
  }

  void check(const fs::path& model) const {
    if (missing_.empty()) return;
    std::string list;
    for (const std::string& part : missing_) list += (list.empty() ? "" : "; ") + part;
    throw Error(ErrorCode::kModel, model.string() + ": parts of the model are missing: " + list, kGetTheModel);
  }

 private:
  static ComponentFiles with_config(const fs::path& weights) {
    ComponentFiles files;
    files.weights = weights;
    if (weights.empty()) return files;
    const fs::path config = folder_of(weights) / "config.json";
    if (is_there(config)) {
      files.config_path = config;
      files.config = read_text(config, kMaxConfigBytes, ErrorCode::kModel);
    }
    return files;
  }

  void not_found(const std::string& part, const std::string& option, const std::vector<fs::path>& places,
                 const std::string& problem) {
    missing_.push_back(part + " (" + (problem.empty() ? "looked for " + list_paths(places) : problem) +
                       "; or give it with " + option + ")");
  }

  std::vector<std::string> missing_;
};

/// The meaning of `--model`: where its DiT is, and the folders that its other parts may be in.
struct Layout {
  fs::path dit;  ///< the DiT's own path; empty: search `dit_places`
  std::vector<fs::path> dit_places;
  std::vector<fs::path> bases;
};

Layout layout_of(const fs::path& model) {
  Layout layout;
  const bool parts = is_there(model / "model_index.json") || is_folder(model / "transformer") ||
                     is_folder(model / "text_encoder") || is_folder(model / "vae");
  if (is_folder(model) && (parts || locate_checkpoint(model).file.empty())) {
    layout.dit_places = {model / "transformer"};
    layout.bases = {model};
    return layout;
  }
  layout.dit = model;
  const fs::path folder = is_folder(model) ? model : folder_of(model);
  add_unique(layout.bases, folder);
  add_unique(layout.bases, folder / "..");
  return layout;
}

std::vector<fs::path> below(const std::vector<fs::path>& bases, const fs::path& name) {
  std::vector<fs::path> places;
  for (const fs::path& base : bases) add_unique(places, base / name);
  return places;
}

ComponentFiles find_scheduler(const std::vector<fs::path>& bases) {
  for (const fs::path& path : below(bases, "scheduler/scheduler_config.json")) {
    if (is_there(path)) return {{}, path, read_text(path, kMaxConfigBytes, ErrorCode::kModel)};
  }
  return {};
}

std::string read_index(const std::vector<fs::path>& bases) {
  for (const fs::path& path : below(bases, "model_index.json")) {
    if (is_there(path)) return read_text(path, kMaxConfigBytes, ErrorCode::kModel);
  }
  return {};
}

std::string name_of(const fs::path& model) {
  std::error_code error;
  fs::path full = fs::absolute(model, error).lexically_normal();
  if (!full.has_filename()) full = full.parent_path();
  return full.filename().string();
}

}  // namespace

ModelFiles find_model(const ModelPaths& paths) {
  if (paths.model.empty()) throw Error(ErrorCode::kModel, "no model is given", "name one with --model");
  if (!is_there(paths.model)) {
    throw Error(ErrorCode::kModel, paths.model.string() + " does not exist",
                std::string("give the model with --model; ") + kGetTheModel);
  }
  const Layout layout = layout_of(paths.model);
  Finder finder;
  ModelFiles files;
  files.name = name_of(paths.model);
  files.index = read_index(layout.bases);
  files.scheduler = find_scheduler(layout.bases);
  files.dit = finder.weights("transformer", "--model", layout.dit, layout.dit_places);
  files.text_encoder =
      finder.weights("text encoder", "--text-encoder", paths.text_encoder, below(layout.bases, "text_encoder"));

  std::vector<fs::path> tokenizers = below(layout.bases, "tokenizer/tokenizer.json");
  if (!files.text_encoder.weights.empty()) {
    // Published text encoders come with their tokenizer in the same folder, or in one beside it.
    const fs::path folder = folder_of(files.text_encoder.weights);
    add_unique(tokenizers, folder / "tokenizer.json");
    add_unique(tokenizers, folder / ".." / "tokenizer/tokenizer.json");
  }
  files.tokenizer = finder.tokenizer(paths.tokenizer, tokenizers);
  files.vae = finder.weights("VAE", "--vae", paths.vae, below(layout.bases, "vae"));
  if (!paths.controlnet.empty()) files.controlnet = finder.weights("ControlNet", "--controlnet", paths.controlnet, {});
  finder.check(paths.model);
  return files;
}

}  // namespace zimage
