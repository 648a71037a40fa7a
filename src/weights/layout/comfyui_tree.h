// ComfyUI's folder of models: which of its folders holds which kind of file, and where a bare name leads in it.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace zimage {

enum class TreeFolder { kDiT, kTextEncoder, kVAE, kControlNet, kLora };

/// Returns the names of the folders for a kind of file; the first is the one in use today.
std::span<const char* const> tree_folder_names(TreeFolder kind);

/// Returns the tree that a folder is, or that it holds as `models` (ComfyUI's own folder) or `split_files` (as
/// Comfy-Org's repositories are laid out). Empty: it is no tree.
std::filesystem::path tree_at(const std::filesystem::path& folder);

/// Returns the trees that a file or folder lies in. A symlink may have two: the link's comes before the target's.
std::vector<std::filesystem::path> trees_around(const std::filesystem::path& path);

/// Returns whether the folder is, or is in, one of a tree's folders for a kind of file.
bool is_in_tree_folder(const std::filesystem::path& folder, const std::filesystem::path& tree, TreeFolder kind);

/// Returns a tree's files of weights of a kind. As in ComfyUI, folders in folders count, and symlinks are followed.
std::vector<std::filesystem::path> list_tree(const std::filesystem::path& tree, TreeFolder kind);

/// Returns the files of weights in a folder, sorted by name. Shards of a larger file are left out.
std::vector<std::filesystem::path> list_weights(const std::filesystem::path& folder, bool recursive = false);

/// Finds a file that a person named. A relative path that doesn't exist is looked for in the trees' folders of that
/// kind, under its path there, as ComfyUI lists it, then under its name in any folder below. Returns `given` if it
/// exists, or if the trees don't have it either. Errors: kModel for a name that several files there have.
std::filesystem::path locate_in_tree(const std::filesystem::path& given, std::span<const std::filesystem::path> trees,
                                     TreeFolder kind);

/// Returns a sentence without its period about a path that doesn't exist: "X does not exist, nor is it in TREE/vae".
std::string not_in_tree(const std::filesystem::path& given, std::span<const std::filesystem::path> trees,
                        TreeFolder kind);

}  // namespace zimage
