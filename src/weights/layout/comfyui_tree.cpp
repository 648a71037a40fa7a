#include "weights/layout/comfyui_tree.h"

#include <algorithm>
#include <array>
#include <set>
#include <system_error>

#include "base/text.h"
#include "zimage/error.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLevels = 8;  // of folders in folders; a person's tree has two or three

// Source: ComfyUI, folder_paths.py: `unet` and `clip` are the older names.
constexpr std::array kDiTFolders = {"diffusion_models", "unet", "checkpoints"};
constexpr std::array kTextEncoderFolders = {"text_encoders", "clip"};
constexpr std::array kVAEFolders = {"vae"};
constexpr std::array kControlNetFolders = {"model_patches", "controlnet"};
constexpr std::array kLoraFolders = {"loras"};

bool has_folder(const fs::path& folder, const char* name) {
  std::error_code error;
  return fs::is_directory(folder / name, error);
}

bool is_tree(const fs::path& folder) {
  if (has_folder(folder, "diffusion_models") || has_folder(folder, "unet")) return true;
  return has_folder(folder, "checkpoints") && (has_folder(folder, "text_encoders") || has_folder(folder, "clip") ||
                                               has_folder(folder, "vae") || has_folder(folder, "loras"));
}

void add_tree_above(const fs::path& path, std::vector<fs::path>& trees) {
  fs::path folder = path;
  for (int level = 0; level < kMostLevels && folder.has_relative_path(); ++level, folder = folder.parent_path()) {
    if (!is_tree(folder)) continue;
    if (std::find(trees.begin(), trees.end(), folder) == trees.end()) trees.push_back(folder);
    return;
  }
}

bool holds_weights(const fs::path& path) {
  const std::string ending = lower(path.extension().string());
  return (ending == ".safetensors" || ending == ".sft" || ending == ".gguf") &&
         path.filename().string().find("-of-") == std::string::npos;
}

/// Lists a folder. `seen` holds the folders on the way and before it, so that a circle of links ends.
void list(const fs::path& folder, int levels, std::set<fs::path>& seen, std::vector<fs::path>& files) {
  std::error_code error;
  if (!seen.insert(fs::canonical(folder, error)).second || error) return;
  std::vector<fs::path> entries;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().filename().string().front() != '.') entries.push_back(it->path());
  }
  std::sort(entries.begin(), entries.end());
  for (const fs::path& entry : entries) {
    std::error_code ignored;
    if (holds_weights(entry) && fs::is_regular_file(entry, ignored)) files.push_back(entry);
  }
  if (levels == 0) return;
  for (const fs::path& entry : entries) {
    std::error_code ignored;
    if (fs::is_directory(entry, ignored)) list(entry, levels - 1, seen, files);
  }
}

}  // namespace

std::span<const char* const> tree_folder_names(TreeFolder kind) {
  switch (kind) {
    case TreeFolder::kDiT: return kDiTFolders;
    case TreeFolder::kTextEncoder: return kTextEncoderFolders;
    case TreeFolder::kVAE: return kVAEFolders;
    case TreeFolder::kControlNet: return kControlNetFolders;
    case TreeFolder::kLora: return kLoraFolders;
  }
  return {};
}

fs::path tree_at(const fs::path& folder) {
  for (const fs::path& place : {folder, folder / "models", folder / "split_files"}) {
    if (is_tree(place)) return place;
  }
  return {};
}

std::vector<fs::path> trees_around(const fs::path& path) {
  std::vector<fs::path> trees;
  std::error_code error;
  const fs::path own = fs::absolute(path, error).lexically_normal();
  if (!error) add_tree_above(own, trees);
  const fs::path target = fs::canonical(path, error);
  if (!error) add_tree_above(target, trees);
  if (trees.size() == 2 && fs::equivalent(trees[0], trees[1], error)) trees.pop_back();
  return trees;
}

bool is_in_tree_folder(const fs::path& folder, const fs::path& tree, TreeFolder kind) {
  std::error_code error;
  for (const fs::path& own : {fs::absolute(folder, error).lexically_normal(), fs::canonical(folder, error)}) {
    const fs::path below = own.lexically_relative(fs::absolute(tree, error).lexically_normal());
    for (const char* name : tree_folder_names(kind)) {
      if (!below.empty() && *below.begin() == name) return true;
    }
  }
  return false;
}

std::vector<fs::path> list_weights(const fs::path& folder, bool recursive) {
  std::set<fs::path> seen;
  std::vector<fs::path> files;
  list(folder, recursive ? kMostLevels : 0, seen, files);
  return files;
}

std::vector<fs::path> list_tree(const fs::path& tree, TreeFolder kind) {
  std::set<fs::path> seen;
  std::vector<fs::path> files;
  for (const char* name : tree_folder_names(kind)) {
    if (has_folder(tree, name)) list(tree / name, kMostLevels, seen, files);
  }
  return files;
}

fs::path locate_in_tree(const fs::path& given, std::span<const fs::path> trees, TreeFolder kind) {
  std::error_code error;
  if (given.empty() || given.is_absolute() || fs::exists(given, error)) return given;
  for (const fs::path& tree : trees) {
    for (const char* name : tree_folder_names(kind)) {
      if (fs::exists(tree / name / given, error)) return tree / name / given;
    }
    if (given.has_parent_path()) continue;
    std::vector<std::string> found;
    for (const fs::path& file : list_tree(tree, kind)) {
      if (file.filename() == given) found.push_back(file.string());
    }
    if (found.size() == 1) return found.front();
    if (!found.empty()) {
      throw Error(ErrorCode::kModel,
                  concat({"several files are called ", given.string(), ": ", list_some(found, found.size())}),
                  "give the path of one of them");
    }
  }
  return given;
}

std::string not_in_tree(const fs::path& given, std::span<const fs::path> trees, TreeFolder kind) {
  std::vector<std::string> places;
  for (const fs::path& tree : trees) {
    for (const char* name : tree_folder_names(kind)) {
      if (has_folder(tree, name)) places.push_back((tree / name).string());
    }
  }
  if (places.empty() || given.is_absolute()) return given.string() + " does not exist";
  return given.string() + " does not exist, nor is it in " + list_some(places, places.size());
}

}  // namespace zimage
