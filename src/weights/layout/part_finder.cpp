#include "weights/layout/part_finder.h"

#include <algorithm>
#include <system_error>

#include "base/log.h"
#include "base/text.h"
#include "weights/layout/comfyui_tree.h"
#include "weights/layout/part_config.h"
#include "weights/locate_checkpoint.h"
#include "zimage/error.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRejectedInMessage = 3;

/// The file of a part that a person is told to get. Source: the pages of Comfy-Org/z_image_turbo and
/// Tongyi-MAI/Z-Image-Turbo at Hugging Face.
struct PublishedPart {
  const char* file;
  const char* size;
  const char* diffusers_folder;
};

PublishedPart published(Part part) {
  switch (part) {
    case Part::kTextEncoder: return {"qwen_3_4b_fp8_mixed.safetensors", "5.6 GB", "text_encoder"};
    case Part::kVAE: return {"ae.safetensors", "0.34 GB", "vae"};
    case Part::kDiT:
    case Part::kControlNet: break;
  }
  return {"z_image_turbo_int8_convrot.safetensors", "6.2 GB", "transformer"};
}

TreeFolder tree_folder_of(Part part) {
  switch (part) {
    case Part::kTextEncoder: return TreeFolder::kTextEncoder;
    case Part::kVAE: return TreeFolder::kVAE;
    case Part::kControlNet: return TreeFolder::kControlNet;
    case Part::kDiT: break;
  }
  return TreeFolder::kDiT;
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

}  // namespace

PartFinder::PartFinder(const ModelLayout& layout, HeaderReader& headers) : layout_(layout), headers_(headers) {
  if (layout.dit.empty()) return;
  const FileFacts& facts = headers.facts(layout.dit);
  if (facts.error) throw *facts.error;
  if (facts.caption_width > 0) wanted_.text_width = facts.caption_width;
  if (facts.latent_channels > 0) wanted_.vae_channels = facts.latent_channels;
}

ComponentFiles PartFinder::dit() {
  if (layout_.dit.empty()) {
    missing_.push_back(concat({"DiT (", layout_.dit_problem, "; ", advice(Part::kDiT), ")"}));
  }
  return with_config(layout_.dit, Part::kDiT);
}

ComponentFiles PartFinder::given(Part part, const fs::path& path) {
  const auto refuse = [&](const std::string& why) {
    wrong_.push_back(concat({option_of(part), ": ", why}));
    return ComponentFiles{};
  };
  const fs::path place = locate_in_tree(path, layout_.trees, tree_folder_of(part));
  if (!is_there(place)) return refuse(not_in_tree(path, layout_.trees, tree_folder_of(part)));
  const LocatedCheckpoint located = locate_checkpoint(place);
  fs::path file = located.file;
  if (file.empty()) {
    // A folder of several files, as a tree's are.
    const Choice choice = choose_file(part, list_weights(place), wanted_, headers_);
    if (choice.file.empty()) return refuse(located.problem);
    log::info(concat({name_of(part), ": ", choice.file.string(), " (", choice.reason, ")"}));
    file = choice.file;
  }
  const FileFacts& facts = headers_.facts(file);
  if (facts.error) throw *facts.error;
  const std::string problem = why_not(facts, part);
  if (!problem.empty()) return refuse(concat({file.string(), " ", problem}));
  return with_config(file, part);
}

ComponentFiles PartFinder::find(Part part, const fs::path& given_path) {
  if (!given_path.empty()) return given(part, given_path);
  if (!layout_.dit.empty() && has_part(headers_.facts(layout_.dit).identity, part)) {
    log::info(concat({name_of(part), ": the one in ", layout_.dit.string()}));
    return {.weights = layout_.dit, .config_path = {}, .config = {}};
  }
  const bool among_dits = std::any_of(layout_.beside.begin(), layout_.beside.end(), [&](const fs::path& folder) {
    return std::any_of(layout_.trees.begin(), layout_.trees.end(),
                       [&](const fs::path& tree) { return is_in_tree_folder(folder, tree, TreeFolder::kDiT); });
  });
  Search search;
  fs::path file;
  // A tree's folder of DiTs may be full of other models' files, so their headers are read last.
  const bool ended = among_dits ? look_in_trees(part, search, file) || look_beside(part, search, file)
                                : look_beside(part, search, file) || look_in_trees(part, search, file);
  if (!ended && !look_in_bases(part, search, file)) miss(part, search);
  return with_config(file, part);
}

/// Returns whether the search is over: a file was found, or several that are equally good.
bool PartFinder::choose(Part part, const std::vector<fs::path>& files, Search& search, fs::path& file) {
  Choice choice = choose_file(part, files, wanted_, headers_);
  std::move(choice.rejected.begin(), choice.rejected.end(), std::back_inserter(search.rejected));
  if (!choice.equals.empty()) {
    missing_.push_back(concat(
        {name_of(part), " (there are several: ", list_paths(choice.equals), "; name one with ", option_of(part), ")"}));
    return true;
  }
  if (choice.file.empty()) return false;
  log::info(concat({name_of(part), ": ", choice.file.string(), " (", choice.reason, ")"}));
  for (const std::string& problem : search.rejected) log::info(concat({name_of(part), ": passed over, ", problem}));
  file = choice.file;
  return true;
}

bool PartFinder::look_beside(Part part, Search& search, fs::path& file) {
  for (const fs::path& folder : layout_.beside) {
    search.places.push_back(folder);
    if (choose(part, list_weights(folder), search, file)) return true;
  }
  return false;
}

bool PartFinder::look_in_trees(Part part, Search& search, fs::path& file) {
  for (const fs::path& tree : layout_.trees) {
    const auto names = tree_folder_names(tree_folder_of(part));
    for (const char* name : names) {
      if (name == names.front() || is_there(tree / name)) search.places.push_back(tree / name);
    }
    if (choose(part, list_tree(tree, tree_folder_of(part)), search, file)) return true;
  }
  return false;
}

bool PartFinder::look_in_bases(Part part, Search& search, fs::path& file) const {
  for (const fs::path& base : layout_.bases) {
    const fs::path place = (base / published(part).diffusers_folder).lexically_normal();
    const LocatedCheckpoint located = locate_checkpoint(place);
    file = located.file;
    if (!file.empty()) return true;
    // In a tree nobody keeps diffusers' folders, so those that aren't there would only lengthen the message.
    if (layout_.trees.empty() || is_there(place)) search.places.push_back(place);
    if (is_there(place)) search.rejected.push_back(located.problem);
  }
  return false;
}

void PartFinder::miss(Part part, const Search& search) {
  std::string text = concat({name_of(part), " (there is none in ", list_paths(search.places)});
  if (!search.rejected.empty()) text += ": " + list_some(search.rejected, kRejectedInMessage);
  missing_.push_back(text + "; " + advice(part) + ")");
}

/// Says which file to get and where to put it, or which option gives it.
std::string PartFinder::advice(Part part) const {
  const std::string option = concat({part == Part::kDiT ? "name its file with " : "give one with ", option_of(part)});
  if (wanted_.text_width != WantedSizes{}.text_width) return option;  // a small model; the published parts don't fit it
  const PublishedPart wanted = published(part);
  if (layout_.diffusers) {
    return concat({"get ", wanted.diffusers_folder, "/ of Tongyi-MAI/Z-Image-Turbo, or ", option});
  }
  const fs::path folder = !layout_.trees.empty()
                              ? layout_.trees.front() / tree_folder_names(tree_folder_of(part)).front()
                          : !layout_.beside.empty() ? layout_.beside.front()
                                                    : fs::path();
  const std::string into = folder.empty() ? "" : " into " + folder.string();
  return concat({"get ", wanted.file, " (", wanted.size, ") from Comfy-Org/z_image_turbo", into, ", or ", option});
}

void PartFinder::check(const fs::path& model) const {
  std::vector<std::string> problems = wrong_;
  if (!missing_.empty()) {
    std::string list;
    for (const std::string& part : missing_) list += (list.empty() ? "" : "; ") + part;
    problems.push_back(concat({model.string(), ": parts of the model are missing: ", list}));
  }
  std::string message;
  for (const std::string& problem : problems) message += (message.empty() ? "" : "; ") + problem;
  if (!message.empty()) throw Error(ErrorCode::kModel, message, kGetTheModel);
}

}  // namespace zimage
