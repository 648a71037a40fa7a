// The meaning of `--model`: where the DiT is, and where its parts may be.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "weights/layout/file_facts.h"

namespace zimage {

struct ModelLayout {
  std::string name;                           ///< for reports: the folder's or the file's
  std::filesystem::path dit;                  ///< a file, or the index of its shards; empty: none was found
  std::string dit_problem;                    ///< then: where it was looked for
  bool diffusers = false;                     ///< the model is a diffusers folder
  std::vector<std::filesystem::path> bases;   ///< folders that may hold diffusers' folders of parts
  std::vector<std::filesystem::path> trees;   ///< ComfyUI's folders of models around it, the nearest first
  std::vector<std::filesystem::path> beside;  ///< folders whose files may be its parts
};

/// Returns whether a folder is a whole model in diffusers' layout, by the names in it.
bool is_diffusers_folder(const std::filesystem::path& folder);

/// Reads what `model` is: a diffusers folder, a DiT's file or folder, a checkpoint with several parts, a ComfyUI tree
/// or a folder in one, or a folder of loose files. Headers are read only where names don't tell.
/// Errors: kModel if it doesn't exist, if several files could be the DiT, if a file was named that is something else,
/// and those of open_weights().
ModelLayout read_layout(const std::filesystem::path& model, HeaderReader& headers);

/// Returns the paths joined for a message.
std::string list_paths(const std::vector<std::filesystem::path>& paths);

/// The hint of errors about missing files.
inline constexpr const char* kGetTheModel = "see README, \"Get the model\"";

}  // namespace zimage
