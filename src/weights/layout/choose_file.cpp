#include "weights/layout/choose_file.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <system_error>

#include "base/text.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

// Ranks of names: the published files have a rank each, below kNamed.
constexpr int kNamed = 10;
constexpr int kOther = 20;
constexpr int kRelative = 30;  // another model of the same shape

/// Published files of Comfy-Org/z_image_turbo, the most exact first.
const std::vector<std::string>& published_names(Part part) {
  static const std::vector<std::string> kText = {"qwen_3_4b.safetensors", "qwen_3_4b_fp8_mixed.safetensors",
                                                 "qwen_3_4b_fp4_mixed.safetensors"};
  static const std::vector<std::string> kVAE = {"ae.safetensors"};
  static const std::vector<std::string> kNone;
  return part == Part::kTextEncoder ? kText : part == Part::kVAE ? kVAE : kNone;
}

bool has_one_of(const std::string& name, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](const char* word) { return name.find(word) != std::string::npos; });
}

/// Returns how well a name fits, less being better; empty: the file is passed over.
std::optional<int> rank_of(Part part, const fs::path& file) {
  const std::string name = lower(file.filename().string());
  const auto& published = published_names(part);
  const auto found = std::find(published.begin(), published.end(), name);
  if (found != published.end()) return static_cast<int>(found - published.begin());
  switch (part) {
    case Part::kDiT: return has_one_of(name, {"z_image", "z-image", "zimage", "z image"}) ? kNamed : kOther;
    case Part::kTextEncoder:
      if (has_one_of(name, {"instruct", "thinking", "2507", "coder", "abliterat", "heretic", "embedding", "rerank"})) {
        return kRelative;
      }
      return has_one_of(name, {"qwen_3_4b", "qwen3_4b", "qwen3-4b", "qwen-3-4b"}) ? kNamed : kOther;
    case Part::kVAE:
      // Stable Diffusion 3's VAE has the same tensors and other numbers, so nothing but its name tells.
      if (has_one_of(name, {"sd3"})) return std::nullopt;
      return name == "ae.sft" || has_one_of(name, {"flux", "z_image", "z-image", "zimage"}) ? kNamed : kOther;
    case Part::kControlNet: break;
  }
  return kOther;
}

const char* reason_of(int rank) {
  return rank < kNamed   ? "it has a published file's name"
         : rank < kOther ? "by its name and its header"
                         : "by its header";
}

std::string sizes_differ(const char* what, std::int64_t has, std::int64_t wanted) {
  return concat({"has ", what, " ", std::to_string(has), ", not ", std::to_string(wanted)});
}

/// Returns why a file of the right kind doesn't fit the DiT; empty: it fits.
std::string misfit(Part part, const FileFacts& facts, const WantedSizes& wanted) {
  if (part == Part::kTextEncoder && facts.text_width != wanted.text_width) {
    return sizes_differ("width", facts.text_width, wanted.text_width);
  }
  if (part == Part::kVAE && facts.vae_channels != wanted.vae_channels) {
    return sizes_differ("latent channels", facts.vae_channels, wanted.vae_channels);
  }
  return "";
}

/// Sorts files into groups of equal rank. Of several links to one file, the best name stays.
std::map<int, std::vector<fs::path>> by_rank(Part part, const std::vector<fs::path>& files) {
  std::map<int, std::vector<fs::path>> groups;
  for (const fs::path& file : files) {
    if (const auto rank = rank_of(part, file)) groups[*rank].push_back(file);
  }
  std::set<fs::path> seen;
  for (auto& group : groups) {
    std::erase_if(group.second, [&](const fs::path& file) {
      std::error_code error;
      const fs::path target = fs::canonical(file, error);
      return !error && !seen.insert(target).second;
    });
  }
  return groups;
}

/// Keeps the files whose paths are the shortest: one straight in a folder goes before one in a folder of that.
void keep_shallowest(std::vector<fs::path>& files) {
  const auto depth = [](const fs::path& file) { return std::distance(file.begin(), file.end()); };
  const auto least =
      std::min_element(files.begin(), files.end(), [&](const auto& a, const auto& b) { return depth(a) < depth(b); });
  const auto wanted = depth(*least);
  std::erase_if(files, [&](const fs::path& file) { return depth(file) != wanted; });
}

}  // namespace

Choice choose_file(Part part, const std::vector<fs::path>& files, const WantedSizes& wanted, HeaderReader& headers) {
  Choice choice;
  for (const auto& [rank, group] : by_rank(part, files)) {
    std::vector<fs::path> fitting;
    for (const fs::path& file : group) {
      const FileFacts& facts = headers.facts(file);
      const std::string problem = facts.error || !has_part(facts.identity, part) ? "" : misfit(part, facts, wanted);
      if (facts.error && rank < kOther) choice.rejected.push_back(facts.error->message());
      if (!problem.empty()) choice.rejected.push_back(concat({file.string(), " ", problem}));
      if (!facts.error && has_part(facts.identity, part) && problem.empty()) fitting.push_back(file);
    }
    if (fitting.size() > 1 && rank < kNamed) keep_shallowest(fitting);
    if (fitting.empty()) continue;
    if (fitting.size() > 1) {
      choice.equals = std::move(fitting);
    } else {
      choice.file = fitting.front();
      choice.reason = reason_of(rank);
    }
    return choice;
  }
  return choice;
}

}  // namespace zimage
