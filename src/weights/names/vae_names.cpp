#include "weights/names/vae_names.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "weights/names/layer_name.h"

namespace zimage {
namespace {

using Spelling = std::pair<std::string_view, std::string_view>;  ///< LDM's name, diffusers' name

constexpr std::array<Spelling, 3> kEnds{
    {{"conv_in", "conv_in"}, {"norm_out", "conv_norm_out"}, {"conv_out", "conv_out"}}};
constexpr std::array<Spelling, 2> kMidResnets{
    {{"mid.block_1.", "mid_block.resnets.0."}, {"mid.block_2.", "mid_block.resnets.1."}}};
constexpr std::array<Spelling, 5> kResnet{{{"norm1", "norm1"},
                                           {"conv1", "conv1"},
                                           {"norm2", "norm2"},
                                           {"conv2", "conv2"},
                                           {"nin_shortcut", "conv_shortcut"}}};
constexpr Spelling kAttention{"mid.attn_1.", "mid_block.attentions.0."};
constexpr std::array<Spelling, 5> kAttentionParts{
    {{"norm", "group_norm"}, {"q", "to_q"}, {"k", "to_k"}, {"v", "to_v"}, {"proj_out", "to_out.0"}}};

/// The levels of a half: LDM's names and diffusers'.
struct Levels {
  std::string_view half;
  Spelling block;     ///< what stands before a level's number
  Spelling resample;  ///< the convolution between two levels
};
constexpr std::array<Levels, 2> kLevels{
    {{"encoder.", {"down.", "down_blocks."}, {"downsample.conv", "downsamplers.0.conv"}},
     {"decoder.", {"up.", "up_blocks."}, {"upsample.conv", "upsamplers.0.conv"}}}};

/// Returns diffusers' name of a part by either name, or an empty one.
template <std::size_t n>
std::string_view look_up(const std::array<Spelling, n>& parts, std::string_view name) {
  for (const auto& [ldm, diffusers] : parts) {
    if (name == ldm || name == diffusers) return diffusers;
  }
  return {};
}

/// Removes a prefix that has two spellings; returns whether the name began with one.
bool take(std::string_view& name, const Spelling& prefix) {
  for (const auto& spelling : {prefix.first, prefix.second}) {
    if (!name.starts_with(spelling)) continue;
    name.remove_prefix(spelling.size());
    return true;
  }
  return false;
}

/// Returns diffusers' name of a layer in a level, given what follows the level's number.
std::string level_part(std::string_view rest, const Levels& levels) {
  if (rest == levels.resample.first || rest == levels.resample.second) return std::string(levels.resample.second);
  for (const char* group : {"block.", "resnets."}) {
    const auto resnet = layer_name(rest, group);
    const std::string_view part = resnet ? look_up(kResnet, resnet->rest) : std::string_view();
    if (!part.empty()) return concat({"resnets.", std::to_string(resnet->index), ".", part});
  }
  return {};
}

/// Returns diffusers' name of a layer of one half, or an empty one; `name` is without the half.
std::string layer_of(std::string_view name, const Levels& levels, std::int64_t count) {
  if (const std::string_view end = look_up(kEnds, name); !end.empty()) return std::string(end);
  for (const auto& resnet : kMidResnets) {
    std::string_view rest = name;
    if (!take(rest, resnet)) continue;
    const std::string_view part = look_up(kResnet, rest);
    return part.empty() ? std::string() : concat({resnet.second, part});
  }
  std::string_view rest = name;
  if (take(rest, kAttention)) {
    const std::string_view part = look_up(kAttentionParts, rest);
    return part.empty() ? std::string() : concat({kAttention.second, part});
  }
  for (const bool ldm : {true, false}) {
    const auto level = layer_name(name, ldm ? levels.block.first : levels.block.second);
    if (!level) continue;
    const std::string part = level_part(level->rest, levels);
    const bool from_end = ldm && levels.half == "decoder.";
    const std::int64_t index = from_end ? count - 1 - level->index : level->index;
    return part.empty() ? part : concat({levels.block.second, std::to_string(index), ".", part});
  }
  return {};
}

}  // namespace

std::int64_t vae_levels(const std::vector<std::string>& names) {
  std::int64_t levels = 0;
  for (const auto& name : names) {
    if (const auto level = layer_name(name, "decoder.up.")) levels = std::max(levels, level->index + 1);
  }
  return levels;
}

std::vector<MappedWeight> vae_names(const std::string& name, const std::vector<std::int64_t>& shape,
                                    std::int64_t levels) {
  const std::size_t dot = name.rfind('.');
  const std::string ending = dot == std::string::npos ? std::string() : name.substr(dot);
  if (ending != ".weight" && ending != ".bias") return {};
  for (const Levels& half : kLevels) {
    std::string_view layer = std::string_view(name).substr(0, dot);
    if (!layer.starts_with(half.half)) continue;
    layer.remove_prefix(half.half.size());
    const std::string known = layer_of(layer, half, levels);
    if (known.empty()) return {};
    MappedWeight weight{.name = concat({half.half, known, ending}), .stored = {}};
    const bool attention = known.starts_with(kAttention.second);
    if (attention && shape.size() == 4 && shape[2] == 1 && shape[3] == 1) weight.shape = {shape[0], shape[1]};
    return {std::move(weight)};
  }
  return {};
}

}  // namespace zimage
