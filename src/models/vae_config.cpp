#include "models/vae_config.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "models/shape_probe.h"
#include "zimage/error.h"

namespace zimage {
namespace {

constexpr std::int64_t kMaxSize = 1 << 16;
constexpr std::size_t kBlocks = 4;
const std::vector<std::int64_t> kPublishedChannels{128, 256, 512, 512};

VAEConfig from_shapes(const WeightSource& weights) {
  const ShapeProbe probe(weights);
  VAEConfig c;
  const std::int64_t blocks = probe.count("encoder.down_blocks.");
  for (std::int64_t i = 0; i < blocks; ++i) {
    const std::string block = "encoder.down_blocks." + std::to_string(i) + ".resnets.";
    c.block_out_channels.push_back(probe.size(block + "0.conv1.weight", 0));
    c.layers_per_block = probe.count(block);
  }
  c.latent_channels = probe.size("decoder.conv_in.weight", 1);
  return c;
}

void refuse_other_models(const ConfigReader& json) {
  for (const char* key : {"use_quant_conv", "use_post_quant_conv"}) {
    if (json.boolean(key) == true) json.fail(std::string("'") + key + "' must be false");
  }
  if (json.boolean("mid_block_add_attention") == false) json.fail("'mid_block_add_attention' must be true");
  if (json.string("act_fn").value_or("silu") != "silu") json.fail("'act_fn' must be silu");
  for (const char* key : {"in_channels", "out_channels"}) {
    if (json.integer(key, 1, kMaxSize).value_or(3) != 3) json.fail(std::string("'") + key + "' must be 3");
  }
}

/// Refuses a VAE whose sizes aren't the published ones and that has no config.json to say what no shape shows.
[[noreturn]] void fail_without_config(const WeightSource& weights) {
  throw Error(ErrorCode::kModel,
              concat({weights.description(),
                      " comes without the VAE's config.json, and its sizes aren't the published "
                      "ones, so its groups, scaling and shift are unknown"}),
              "get the config.json that belongs to this file");
}

}  // namespace

VAEConfig VAEConfig::detect(const WeightSource& weights, const ConfigText& config) {
  const ConfigReader json(config.json.empty() ? ConfigText{weights.description(), ""} : config);
  refuse_other_models(json);
  VAEConfig c = from_shapes(weights);
  const bool published = c.block_out_channels == kPublishedChannels;
  const auto groups = json.integer("norm_num_groups", 1, kMaxSize);
  const auto scaling = json.number("scaling_factor");
  const auto shift = json.number("shift_factor");
  c.block_out_channels = json.integers("block_out_channels", 1, kMaxSize).value_or(c.block_out_channels);
  c.layers_per_block = json.integer("layers_per_block", 1, 100).value_or(c.layers_per_block);
  c.latent_channels = json.integer("latent_channels", 1, kMaxSize).value_or(c.latent_channels);
  if (c.block_out_channels.size() != kBlocks || c.latent_channels < 1 || c.layers_per_block < 1 ||
      std::any_of(c.block_out_channels.begin(), c.block_out_channels.end(), [](auto n) { return n < 1; })) {
    json.fail("these are not the weights of a Flux VAE with 8 pixels per latent cell");
  }
  if ((!groups || !scaling || !shift) && !published) {
    if (config.json.empty()) fail_without_config(weights);
    json.fail("'norm_num_groups', 'scaling_factor' and 'shift_factor' are needed for a VAE of these sizes");
  }
  c.norm_num_groups = groups.value_or(c.norm_num_groups);
  c.scaling_factor = scaling.value_or(c.scaling_factor);
  c.shift_factor = shift.value_or(c.shift_factor);
  if (std::any_of(c.block_out_channels.begin(), c.block_out_channels.end(),
                  [&](auto n) { return n % c.norm_num_groups != 0; })) {
    json.fail("'block_out_channels' must be multiples of 'norm_num_groups'");
  }
  if (c.scaling_factor == 0) json.fail("'scaling_factor' must not be 0");
  return c;
}

}  // namespace zimage
