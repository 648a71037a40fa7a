#include "pipeline/residency/memory_need.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "inpaint/prompt.h"
#include "models/patchify.h"
#include "models/vae_memory.h"

namespace zimage {
namespace {

/// The VAE's work in strips stays below this where the strips are not a single row: a 2048² picture in bf16 needs 2.2
/// GB.
constexpr std::uint64_t kStripBudget = 2'400'000'000;

constexpr std::uint64_t kLargeVAE = 20'000'000;

/// Strips allocate and free many small blocks, of which the C library keeps so much.
constexpr std::uint64_t kSmallBlocks = 150'000'000;

/// Returns which main layer a weight belongs to; -1 if it belongs to none.
std::int64_t layer_of(const std::string& name, const std::string& layers) {
  if (layers.empty() || !name.starts_with(layers)) return -1;
  std::int64_t index = -1;
  const char* begin = name.data() + layers.size();
  const auto parsed = std::from_chars(begin, name.data() + name.size(), index);
  return parsed.ec == std::errc() ? index : -1;
}

/// Returns whether it is a matrix of a transformer block of the DiT or a ControlNet, to which int8 and fp8 products
/// apply.
bool is_bulk(const std::string& name, const WeightInfo& info) {
  const bool in_block =
      name.find(".attention.") != std::string::npos || name.find(".feed_forward.") != std::string::npos;
  return in_block && info.shape.size() == 2;
}

void add(const std::string& name, const WeightInfo& info, WeightGroup& group) {
  const auto count = static_cast<std::uint64_t>(count_values(info.shape));
  if (!is_dense(info.encoding)) {
    group.quantised_bytes += info.bytes;
    group.quantised_values += count;
    return;
  }
  (is_bulk(name, info) ? group.bulk_values : group.values) += count;
  group.dense_bytes += info.bytes;
}

}  // namespace

WorkSize square_of(double megapixels) {
  constexpr std::int64_t kMultiple = VAEConfig::kScale * DiTConfig::kPatch;
  const auto side = static_cast<std::int64_t>(std::ceil(std::sqrt(megapixels * 1e6) / kMultiple)) * kMultiple;
  return {side, side};
}

PartWeights part_weights(const WeightSource& source, const nn::AskedWeights& asked, const std::string& layers) {
  PartWeights part;
  std::map<std::int64_t, WeightGroup> by_layer;
  for (const auto& [name, shape] : asked) {
    const WeightInfo* info = source.find(name);
    if (info == nullptr || name == "embed_tokens.weight") continue;
    const std::int64_t layer = layer_of(name, layers);
    add(name, *info, layer < 0 ? part.fixed : by_layer[layer]);
  }
  std::uint64_t most = 0;
  for (const auto& [index, group] : by_layer) {
    part.layers += group;
    ++part.layer_count;
    const std::uint64_t bytes = group.dense_bytes + group.quantised_bytes;
    if (bytes > most) part.largest = group;
    most = std::max(most, bytes);
  }
  return part;
}

StageWork stage_work(const ModelConfigs& configs, const WorkSize& size, at::ScalarType dtype, Holding bulk) {
  const auto unsigned_of = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
  const std::uint64_t dtype_bytes = c10::elementSize(dtype);
  StageWork work;
  const TextEncoderConfig& te = configs.text_encoder;
  const std::uint64_t prompt_tokens = kMaxPromptTokens;
  // A layer's widest moment: the stream, its norm, and the two hidden rows of SwiGLU, beside fp32 copies in the norms.
  work.prompt = prompt_tokens * (4 * unsigned_of(te.hidden_size) + 2 * unsigned_of(te.intermediate_size)) * dtype_bytes;

  const DiTConfig& dit = configs.dit;
  constexpr std::int64_t kTokenSide = VAEConfig::kScale * DiTConfig::kPatch;
  const std::int64_t image_tokens = padded_count(size.width / kTokenSide * (size.height / kTokenSide));
  const std::uint64_t tokens = (unsigned_of(image_tokens) + prompt_tokens) * unsigned_of(size.pictures);
  const std::uint64_t streams = configs.controlnet ? 2 : 1;
  const std::uint64_t feed_forward = (2 + streams) * unsigned_of(dit.dim) + 2 * unsigned_of(dit.ffn_dim);
  const std::uint64_t attention = (5 + streams) * unsigned_of(dit.dim);
  work.forward = tokens * std::max(feed_forward, attention) * dtype_bytes;
  // The quantised rows, and int8's products in fp32.
  if (bulk == Holding::kInt8) work.forward += tokens * unsigned_of(dit.ffn_dim) * 5;
  if (bulk == Holding::kFp8) work.forward += tokens * unsigned_of(dit.ffn_dim);

  // A ControlNet that inpaints has the hole encoded while the picture's latents are kept, which are small.
  const std::int64_t rows = strip_rows(configs.vae, size, dtype);
  work.encode = vae_encode_bytes(configs.vae, size.height, size.width, dtype, 0);
  work.decode = vae_decode_bytes(configs.vae, size.height, size.width, dtype, 0);
  work.encode_strips = vae_encode_bytes(configs.vae, size.height, size.width, dtype, rows) + kSmallBlocks;
  work.decode_strips = vae_decode_bytes(configs.vae, size.height, size.width, dtype, rows) + kSmallBlocks;
  return work;
}

bool prefers_strips(const PartWeights& vae) { return count_numbers(vae) >= kLargeVAE; }

std::int64_t strip_rows(const VAEConfig& config, const WorkSize& size, at::ScalarType dtype) {
  return vae_strip_rows(config, size.height, size.width, dtype, kStripBudget);
}

}  // namespace zimage
