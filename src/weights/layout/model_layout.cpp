#include "weights/layout/model_layout.h"

#include <algorithm>
#include <system_error>

#include "base/log.h"
#include "base/text.h"
#include "weights/layout/choose_file.h"
#include "weights/layout/comfyui_tree.h"
#include "weights/locate_checkpoint.h"
#include "zimage/error.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDiTsInMessage = 8;

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

std::string last_name(const fs::path& path) {
  std::error_code error;
  fs::path full = fs::absolute(path, error).lexically_normal();
  if (!full.has_filename()) full = full.parent_path();
  return full.filename().string();
}

void add_unique(std::vector<fs::path>& paths, const fs::path& path) {
  const fs::path normal = path.lexically_normal();
  if (std::find(paths.begin(), paths.end(), normal) == paths.end()) paths.push_back(normal);
}

/// Adds a folder that may have diffusers' folders. A tree's `vae` holds the VAEs of many models, so it doesn't count.
void add_base(ModelLayout& layout, const fs::path& folder) {
  if (tree_at(folder) != folder) add_unique(layout.bases, folder);
}

/// Returns whether the folder is that of one part, by the names that published folders give their weights.
bool is_part_folder(const fs::path& folder) {
  const fs::path name = locate_checkpoint(folder).file.filename();
  for (const char* stem : {"diffusion_pytorch_model.", "model."}) {
    if (name.string().starts_with(stem)) return true;
  }
  return false;
}

/// Adds a path unless a known one leads to the same place.
void add_place(std::vector<fs::path>& places, const fs::path& place) {
  std::error_code error;
  for (const fs::path& known : places) {
    if (fs::equivalent(known, place, error)) return;
  }
  places.push_back(place);
}

/// Takes a file as the DiT. Its own folder and trees count, then those of the file that it may be a link to.
void settle(ModelLayout& layout, const fs::path& file) {
  layout.dit = file;
  for (const fs::path& tree : trees_around(file)) add_place(layout.trees, tree);
  std::error_code error;
  add_place(layout.beside, folder_of(file));
  const fs::path target = fs::canonical(file, error);
  if (!error) add_place(layout.beside, target.parent_path());
}

/// Takes the model's own path as the DiT's.
void take_named(ModelLayout& layout, const fs::path& model, const fs::path& file, HeaderReader& headers) {
  const FileFacts& facts = headers.facts(file);
  if (facts.error) throw *facts.error;
  const std::string problem = why_not(facts, Part::kDiT);
  if (!problem.empty()) {
    throw Error(ErrorCode::kModel, concat({"--model: ", file.string(), " ", problem}),
                "--model takes a diffusers folder, a Z-Image DiT's file or ComfyUI's folder of models");
  }
  settle(layout, file);
  const fs::path folder = is_folder(model) ? model : folder_of(model);
  add_base(layout, folder);
  add_base(layout, folder / "..");
}

/// Searches files for the DiT. `places` names the folders that they are from.
void search(ModelLayout& layout, const fs::path& model, const std::vector<fs::path>& files,
            const std::vector<fs::path>& places, HeaderReader& headers) {
  const Choice choice = choose_file(Part::kDiT, files, {}, headers);
  if (!choice.equals.empty()) {
    std::vector<std::string> names;
    for (const fs::path& file : choice.equals) names.push_back(file.string());
    throw Error(ErrorCode::kModel,
                concat({model.string(), " has several Z-Image DiTs: ", list_some(names, kDiTsInMessage)}),
                "name the one to use with --model");
  }
  if (choice.file.empty()) {
    layout.dit_problem = "there is none in " + list_paths(places);
    if (!choice.rejected.empty()) layout.dit_problem += ": " + list_some(choice.rejected, 3);
    return;
  }
  settle(layout, choice.file);
  layout.name = choice.file.filename().string();
  log::info(concat({"DiT: ", choice.file.string(), " (", choice.reason, ")"}));
}

void search_tree(ModelLayout& layout, const fs::path& model, const fs::path& tree, HeaderReader& headers) {
  layout.trees = {tree};  // in the person's spelling
  std::vector<fs::path> places;
  for (const char* name : tree_folder_names(TreeFolder::kDiT)) {
    if (is_folder(tree / name)) places.push_back(tree / name);
  }
  search(layout, model, list_tree(tree, TreeFolder::kDiT), places, headers);
}

void search_folder(ModelLayout& layout, const fs::path& model, HeaderReader& headers) {
  layout.trees = trees_around(model);
  layout.beside = {model};
  search(layout, model, list_weights(model, /*recursive=*/!layout.trees.empty()), {model, model / "transformer"},
         headers);
  add_base(layout, model);
  if (!layout.dit.empty()) return;
  // A single file that isn't known for a DiT is taken as one, so that the message says what is wrong with it.
  const fs::path file = locate_checkpoint(model).file;
  if (!file.empty()) take_named(layout, model, file, headers);
}

}  // namespace

bool is_diffusers_folder(const fs::path& folder) {
  return is_there(folder / "model_index.json") || is_folder(folder / "transformer") ||
         is_folder(folder / "text_encoder");
}

std::string list_paths(const std::vector<fs::path>& paths) {
  std::vector<std::string> names;
  for (const fs::path& path : paths) names.push_back(path.string());
  return list_some(names, names.size());
}

ModelLayout read_layout(const fs::path& model, HeaderReader& headers) {
  if (model.empty()) throw Error(ErrorCode::kModel, "no model is given", "name one with --model");
  if (!is_there(model)) {
    throw Error(ErrorCode::kModel, model.string() + " does not exist",
                std::string("give the model with --model; ") + kGetTheModel);
  }
  ModelLayout layout;
  layout.name = last_name(model);
  if (!is_folder(model)) {
    take_named(layout, model, model, headers);
    return layout;
  }
  if (is_diffusers_folder(model)) {
    const LocatedCheckpoint located = locate_checkpoint(model / "transformer");
    layout.diffusers = true;
    layout.bases = {model};
    layout.dit = located.file;
    layout.dit_problem = located.problem;
    return layout;
  }
  const fs::path tree = tree_at(model);
  if (!tree.empty()) {
    search_tree(layout, model, tree, headers);
  } else if (is_part_folder(model)) {
    take_named(layout, model, locate_checkpoint(model).file, headers);
  } else {
    search_folder(layout, model, headers);
  }
  return layout;
}

}  // namespace zimage
