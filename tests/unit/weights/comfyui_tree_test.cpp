#include "weights/layout/comfyui_tree.h"

#include "support/catch.h"
#include "support/files.h"

using namespace zimage;
using namespace zimage::test;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> relative_names(const std::vector<fs::path>& files, const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& file : files) names.push_back(file.lexically_relative(folder).generic_string());
  return names;
}

}  // namespace

TEST_CASE("ComfyUI's tree: its own folder, the folder of models and a download are one", "[weights]") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "ComfyUI/models/diffusion_models");
  fs::create_directories(folder / "download/split_files/diffusion_models");
  fs::create_directories(folder / "old/unet");
  fs::create_directories(folder / "bundles/checkpoints");
  fs::create_directories(folder / "bundles/loras");
  fs::create_directories(folder / "diffusers/vae");
  fs::create_directories(folder / "training/checkpoints");
  CHECK(tree_at(folder / "ComfyUI") == folder / "ComfyUI/models");
  CHECK(tree_at(folder / "ComfyUI/models") == folder / "ComfyUI/models");
  CHECK(tree_at(folder / "download") == folder / "download/split_files");
  CHECK(tree_at(folder / "old") == folder / "old");
  CHECK(tree_at(folder / "bundles") == folder / "bundles");
  CHECK(tree_at(folder / "diffusers").empty());
  CHECK(tree_at(folder / "training").empty());
  CHECK(tree_at(folder / "ComfyUI/models/diffusion_models").empty());
}

TEST_CASE("ComfyUI's tree: a link is in the tree that it lies in, and in its target's", "[weights]") {
  const TemporaryFolder folder;
  const auto file = folder / "store/diffusion_models/z/dit.safetensors";
  write(file, "x");
  fs::create_directories(folder / "ComfyUI/models/unet");
  const auto link = folder / "ComfyUI/models/unet/link.safetensors";
  fs::create_symlink(file, link);
  const auto target = fs::canonical(folder / "store");
  CHECK(trees_around(link) == std::vector<fs::path>{folder / "ComfyUI/models", target});
  CHECK(trees_around(file) == std::vector<fs::path>{folder / "store"});
  CHECK(trees_around(folder / "store/diffusion_models/z/") == std::vector<fs::path>{folder / "store"});
  CHECK(trees_around(folder.path()).empty());
  CHECK(is_in_tree_folder(folder / "store/diffusion_models/z", folder / "store", TreeFolder::kDiT));
  CHECK_FALSE(is_in_tree_folder(folder / "store/vae", folder / "store", TreeFolder::kDiT));
  CHECK_FALSE(is_in_tree_folder(folder / "elsewhere/unet", folder / "store", TreeFolder::kDiT));
}

TEST_CASE("ComfyUI's tree: lists files of weights in folders of folders, each once", "[weights]") {
  const TemporaryFolder folder;
  const auto tree = folder / "models";
  for (const char* name : {"text_encoders/b.safetensors", "text_encoders/qwen/a.GGUF", "text_encoders/notes.txt",
                           "text_encoders/model-00001-of-00002.safetensors", "text_encoders/.cache/c.safetensors",
                           "clip/old.sft", "vae/ae.safetensors"}) {
    write(tree / name, "x");
  }
  fs::create_directory_symlink("..", tree / "text_encoders/circle");
  fs::create_directory_symlink(tree / "text_encoders", tree / "clip/again");
  CHECK(relative_names(list_tree(tree, TreeFolder::kTextEncoder), tree) ==
        std::vector<std::string>{"text_encoders/b.safetensors", "text_encoders/circle/clip/old.sft",
                                 "text_encoders/circle/vae/ae.safetensors", "text_encoders/qwen/a.GGUF"});
  CHECK(relative_names(list_weights(tree / "text_encoders"), tree) ==
        std::vector<std::string>{"text_encoders/b.safetensors"});
  CHECK(list_weights(folder / "nowhere").empty());
}

TEST_CASE("ComfyUI's tree: a name that is no path is looked for in the kind's folders", "[weights]") {
  const TemporaryFolder folder;
  const auto tree = folder / "models";
  for (const char* name : {"loras/style.safetensors", "loras/people/face.safetensors", "controlnet/net.safetensors",
                           "vae/style.safetensors"}) {
    write(tree / name, "x");
  }
  const std::vector<fs::path> trees = {folder / "empty", tree};
  CHECK(locate_in_tree("style.safetensors", trees, TreeFolder::kLora) == tree / "loras/style.safetensors");
  CHECK(locate_in_tree("people/face.safetensors", trees, TreeFolder::kLora) == tree / "loras/people/face.safetensors");
  CHECK(locate_in_tree("face.safetensors", trees, TreeFolder::kLora) == tree / "loras/people/face.safetensors");
  CHECK(locate_in_tree("net.safetensors", trees, TreeFolder::kControlNet) == tree / "controlnet/net.safetensors");
  // Paths that exist, absolute ones and names that aren't there come back as they are.
  CHECK(locate_in_tree(tree / "vae/style.safetensors", trees, TreeFolder::kLora) == tree / "vae/style.safetensors");
  CHECK(locate_in_tree(folder / "style.safetensors", trees, TreeFolder::kLora) == folder / "style.safetensors");
  CHECK(locate_in_tree("net.safetensors", trees, TreeFolder::kLora) == "net.safetensors");
  CHECK(locate_in_tree("", trees, TreeFolder::kLora).empty());
  CHECK(not_in_tree("net.safetensors", trees, TreeFolder::kLora) ==
        "net.safetensors does not exist, nor is it in " + (tree / "loras").string());
  CHECK(not_in_tree("net.safetensors", {}, TreeFolder::kLora) == "net.safetensors does not exist");
}
