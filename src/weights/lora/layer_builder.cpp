#include "weights/lora/layer_builder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>

#include "base/text.h"

namespace zimage {
namespace {

constexpr std::array kNames = {"lora_down", "lora_up",   "lora_mid", "alpha",     "dora_scale", "diff",    "diff_b",
                               "hada_w1_a", "hada_w1_b", "hada_t1",  "hada_w2_a", "hada_w2_b",  "hada_t2", "lokr_w1",
                               "lokr_w1_a", "lokr_w1_b", "lokr_w2",  "lokr_w2_a", "lokr_w2_b",  "lokr_t2"};
static_assert(kNames.size() == static_cast<std::size_t>(LoraRole::kLokrT2) + 1);

const char* name_of(LoraRole role) { return kNames[static_cast<std::size_t>(role)]; }

std::string matrix_text(std::int64_t rows, std::int64_t columns) { return shape_text({rows, columns}); }

/// Returns how many values a tensor of this shape has; 0 for one that has none, or is a single number.
std::int64_t count_of(const std::vector<std::int64_t>& shape) { return shape.empty() ? 0 : count_values(shape); }

constexpr std::int64_t kMostSides = std::int64_t{1} << 31;  // the product of two fits into 64 bits

constexpr LoraRole kHadamardRoles[] = {LoraRole::kHadaW1A, LoraRole::kHadaW1B, LoraRole::kHadaT1,
                                       LoraRole::kHadaW2A, LoraRole::kHadaW2B, LoraRole::kHadaT2};
constexpr LoraRole kKroneckerRoles[] = {LoraRole::kLokrW1,  LoraRole::kLokrW1A, LoraRole::kLokrW1B, LoraRole::kLokrW2,
                                        LoraRole::kLokrW2A, LoraRole::kLokrW2B, LoraRole::kLokrT2};
constexpr LoraRole kLowRankRoles[] = {LoraRole::kDown, LoraRole::kUp, LoraRole::kMid};

}  // namespace

void LayerBuilder::build(const LoraGroup& group, std::vector<LoraLayer>& layers) {
  const auto any = [&](const auto& roles) {
    return std::any_of(std::begin(roles), std::end(roles), [&](LoraRole role) { return group.keys.contains(role); });
  };
  std::vector<LoraKind> products;
  if (any(kLowRankRoles)) products.push_back(LoraKind::kLowRank);
  if (any(kHadamardRoles)) products.push_back(LoraKind::kHadamard);
  if (any(kKroneckerRoles)) products.push_back(LoraKind::kKronecker);
  if (products.size() > 1) {
    problems_.broken.push_back(group.name + " has tensors of several kinds");
    return;
  }
  for (const LoraKind kind : products) {
    LoraLayer layer{.name = group.name, .kind = kind, .keys = group.keys};
    layer.keys.erase(LoraRole::kDiff);
    layer.keys.erase(LoraRole::kBiasDiff);
    if (!set_targets(group, ".weight", layer.keys.begin()->first, layer)) continue;
    const bool fits = kind == LoraKind::kLowRank    ? check_low_rank(layer)
                      : kind == LoraKind::kHadamard ? check_hadamard(layer)
                                                    : check_kronecker(layer);
    if (fits && check_magnitude(layer) && set_scale(group, layer)) layers.push_back(std::move(layer));
  }
  for (const LoraRole role : {LoraRole::kDiff, LoraRole::kBiasDiff}) {
    const auto key = group.keys.find(role);
    if (key == group.keys.end()) continue;
    LoraLayer layer{.name = group.name, .kind = LoraKind::kDifference, .keys = {*key}};
    const char* ending = role == LoraRole::kDiff ? ".weight" : ".bias";
    if (set_targets(group, ending, role, layer) && check_difference(layer, role)) layers.push_back(std::move(layer));
  }
  if (!products.empty()) return;
  for (const LoraRole role : {LoraRole::kAlpha, LoraRole::kMagnitude}) {
    if (group.keys.contains(role)) problems_.unmatched.push_back(group.keys.at(role) + " (without what it scales)");
  }
}

bool LayerBuilder::set_targets(const LoraGroup& group, const char* ending, LoraRole role, LoraLayer& layer) {
  for (const std::string& module : group.modules) {
    std::string name = module + ending;
    const WeightInfo* info = model_.find(name);
    if (info == nullptr && role == LoraRole::kDiff) info = model_.find(name = module);  // x_pad_token
    if (info == nullptr || info->shape.empty()) {
      problems_.unmatched.push_back(concat({layer.keys.at(role), " (the model has no ", name, ")"}));
      return false;
    }
    const std::int64_t rows = info->shape.front();
    std::int64_t columns = 1;
    for (std::size_t i = 1; i < info->shape.size(); ++i) columns *= info->shape[i];
    layer.targets.push_back({.weight = name, .first_row = layer.rows, .rows = rows});
    layer.rows += rows;
    layer.columns = columns;
  }
  return true;
}

bool LayerBuilder::complete(const LoraLayer& layer, std::initializer_list<LoraRole> roles) {
  bool all = true;
  for (const LoraRole role : roles) {
    if (layer.has(role)) continue;
    problems_.broken.push_back(concat({layer.name, " has no ", name_of(role)}));
    all = false;
  }
  return all;
}

LayerBuilder::Matrix LayerBuilder::matrix(const LoraLayer& layer, LoraRole role) {
  const std::string& key = layer.keys.at(role);
  const WeightInfo& info = *file_.find(key);
  if (!info.problem.empty()) {
    problems_.broken.push_back(concat({key, " ", info.problem}));
    return {};
  }
  const auto& shape = info.shape;
  const bool flat = std::all_of(shape.begin(), shape.end(), [](auto side) { return side > 0; }) && shape.size() >= 2 &&
                    std::all_of(shape.begin() + 2, shape.end(), [](auto side) { return side == 1; });
  if (flat) return {shape[0], shape[1]};
  problems_.mis_shaped.push_back(concat({key, " is ", shape_text(shape), ", should be a matrix"}));
  return {};
}

bool LayerBuilder::expect(const LoraLayer& layer, LoraRole role, Matrix is, Matrix wanted) {
  if (is.rows == 0) return false;  // that has been noted already
  if (is.rows == wanted.rows && is.columns == wanted.columns) return true;
  problems_.mis_shaped.push_back(concat({layer.keys.at(role), " is ", matrix_text(is.rows, is.columns), ", should be ",
                                         matrix_text(wanted.rows, wanted.columns)}));
  return false;
}

void LayerBuilder::note_width(const LoraLayer& layer, std::int64_t columns) {
  const std::string& weight = layer.targets.front().weight;
  for (const char* reads_tokens : {"attention.to_q.", "attention.to_k.", "attention.to_v.", "feed_forward.w1."}) {
    if (columns > 0 && weight.find(reads_tokens) != std::string::npos) width_ = columns;
  }
}

bool LayerBuilder::check_low_rank(LoraLayer& layer) {
  if (!complete(layer, {LoraRole::kDown, LoraRole::kUp})) return false;
  const Matrix down = matrix(layer, LoraRole::kDown);
  const Matrix up = matrix(layer, LoraRole::kUp);
  note_width(layer, down.columns);
  if (down.rows == 0 || up.rows == 0) return false;
  layer.rank = down.rows;
  std::int64_t inner = down.rows;
  const bool fits = expect(layer, LoraRole::kDown, down, {down.rows, layer.columns});
  if (layer.has(LoraRole::kMid)) {
    const Matrix mid = matrix(layer, LoraRole::kMid);
    if (!expect(layer, LoraRole::kMid, mid, {mid.rows, inner})) return false;
    inner = mid.rows;
  }
  return expect(layer, LoraRole::kUp, up, {layer.rows, inner}) && fits;
}

LayerBuilder::Matrix LayerBuilder::product(const LoraLayer& layer, LoraRole left, std::optional<LoraRole> core,
                                           LoraRole right, std::int64_t& rank) {
  if (!complete(layer, {left, right})) return {};
  Matrix a = matrix(layer, left);
  const Matrix b = matrix(layer, right);
  if (a.rows == 0 || b.rows == 0) return {};
  rank = b.rows;
  if (core && layer.has(*core)) {
    const Matrix t = matrix(layer, *core);
    if (!expect(layer, *core, t, {a.rows, b.rows})) return {};
    a = {a.columns, b.rows};  // it is stored as [rank, rows]
  }
  if (!expect(layer, left, a, {a.rows, b.rows})) return {};
  return {a.rows, b.columns};
}

bool LayerBuilder::check_hadamard(LoraLayer& layer) {
  std::int64_t second = 0;
  const Matrix one = product(layer, LoraRole::kHadaW1A, LoraRole::kHadaT1, LoraRole::kHadaW1B, layer.rank);
  const Matrix two = product(layer, LoraRole::kHadaW2A, LoraRole::kHadaT2, LoraRole::kHadaW2B, second);
  note_width(layer, one.columns);
  if (one.rows == 0 || two.rows == 0) return false;
  const Matrix wanted{layer.rows, layer.columns};
  const bool fits = expect(layer, LoraRole::kHadaW1A, one, wanted);
  return expect(layer, LoraRole::kHadaW2A, two, wanted) && fits;
}

bool LayerBuilder::check_kronecker(LoraLayer& layer) {
  std::int64_t rank_one = 0, rank_two = 0;
  const auto factor = [&](LoraRole full, LoraRole left, std::optional<LoraRole> core, LoraRole right,
                          std::int64_t& rank) {
    if (layer.has(full) && (layer.has(left) || layer.has(right))) {
      problems_.broken.push_back(concat({layer.name, " has both ", name_of(full), " and its factors"}));
      return Matrix{};
    }
    if (layer.has(left) || layer.has(right)) return product(layer, left, core, right, rank);
    return complete(layer, {full}) ? matrix(layer, full) : Matrix{};
  };
  const Matrix one = factor(LoraRole::kLokrW1, LoraRole::kLokrW1A, std::nullopt, LoraRole::kLokrW1B, rank_one);
  const Matrix two = factor(LoraRole::kLokrW2, LoraRole::kLokrW2A, LoraRole::kLokrT2, LoraRole::kLokrW2B, rank_two);
  if (one.rows == 0 || two.rows == 0) return false;
  if (rank_one > 0 && rank_two > 0 && rank_one != rank_two) {
    problems_.broken.push_back(layer.name + "'s two factors have different ranks, so its scale isn't known");
    return false;
  }
  layer.rank = std::max(rank_one, rank_two);
  const auto makes = [](std::int64_t whole, std::int64_t a, std::int64_t b) {
    return whole % a == 0 && whole / a == b;
  };
  if (one.columns < kMostSides && two.columns < kMostSides) note_width(layer, one.columns * two.columns);
  if (makes(layer.rows, one.rows, two.rows) && makes(layer.columns, one.columns, two.columns)) return true;
  problems_.mis_shaped.push_back(
      concat({layer.name, "'s LoKr factors are ", matrix_text(one.rows, one.columns), " and ",
              matrix_text(two.rows, two.columns), ", should make ", matrix_text(layer.rows, layer.columns)}));
  return false;
}

bool LayerBuilder::check_difference(const LoraLayer& layer, LoraRole role) {
  const std::string& key = layer.keys.at(role);
  const WeightInfo& info = *file_.find(key);
  if (!info.problem.empty()) {
    problems_.broken.push_back(concat({key, " ", info.problem}));
    return false;
  }
  const std::int64_t values = count_of(info.shape);
  if (values > 0 && info.shape.front() == layer.rows && values / layer.rows == layer.columns) return true;
  const bool vector = layer.columns == 1;
  problems_.mis_shaped.push_back(
      concat({key, " is ", shape_text(info.shape), ", should be ",
              vector ? shape_text(std::vector<std::int64_t>{layer.rows}) : matrix_text(layer.rows, layer.columns)}));
  return false;
}

bool LayerBuilder::check_magnitude(LoraLayer& layer) {
  const auto key = layer.keys.find(LoraRole::kMagnitude);
  if (key == layer.keys.end()) return true;
  const WeightInfo& info = *file_.find(key->second);
  if (!info.problem.empty()) {
    problems_.broken.push_back(concat({key->second, " ", info.problem}));
    return false;
  }
  // LyCORIS, OneTrainer and ComfyUI: [rows, 1] or [1, columns]; PEFT: [rows].
  const std::int64_t count = count_of(info.shape);
  layer.magnitude_of_rows = count > 0 && count == layer.rows && info.shape.front() == layer.rows;
  if (layer.magnitude_of_rows) return true;
  if (count > 0 && count == layer.columns && info.shape.back() == layer.columns) return true;
  problems_.mis_shaped.push_back(concat({key->second, " is ", shape_text(info.shape), ", should be ",
                                         matrix_text(layer.rows, 1), " or ", matrix_text(1, layer.columns)}));
  return false;
}

bool LayerBuilder::set_scale(const LoraGroup& group, LoraLayer& layer) {
  const auto key = layer.keys.find(LoraRole::kAlpha);
  if (key == layer.keys.end()) {
    layer.scale = config_.scale(group.name, layer.rank).value_or(1.0);
    return true;
  }
  // A LoKr of two full factors has no rank; its alpha means nothing, and trainers write anything there.
  if (layer.rank == 0) return true;
  const auto alpha = alphas_.find(key->second);
  if (alpha == alphas_.end() || !std::isfinite(alpha->second)) {
    problems_.broken.push_back(key->second + " is not a finite number");
    return false;
  }
  layer.scale = alpha->second / static_cast<double>(layer.rank);
  return true;
}

}  // namespace zimage
