#include "pipeline/tools/flops.h"

#include "pipeline/tools/published_dit.h"
#include "support/catch.h"

namespace zimage {
namespace {

/// A DiT whose products can be counted by hand.
DiTConfig small_dit() {
  DiTConfig c;
  c.in_channels = 1;
  c.dim = 4;
  c.n_layers = 1;
  c.n_refiner_layers = 1;
  c.n_heads = 1;
  c.cap_feat_dim = 6;
  c.ffn_dim = 10;
  c.adaln_dim = 4;
  c.t_mid_dim = 8;
  return c;
}

// Four image tokens and three of the prompt; both are padded to 32.
constexpr RunSizes kFourTokens{.rows = 2, .cols = 2, .prompt_tokens = 3};

// A block's products for 32 and for 64 tokens: four of 4 × 4, three of 4 × 10, attention. adaLN makes 4 × 16 once.
constexpr double kBlock32 = 4 * (2 * 32 * 4 * 4) + 3 * (2 * 32 * 4 * 10) + 4 * 32 * 32 * 4;
constexpr double kBlock64 = 4 * (2 * 64 * 4 * 4) + 3 * (2 * 64 * 4 * 10) + 4 * 64 * 64 * 4;
constexpr double kModulation = 2 * 4 * 16;

TEST_CASE("sequences count with their padding") {
  CHECK(kFourTokens.image_tokens() == 32);
  CHECK(kFourTokens.caption_tokens() == 32);
  CHECK(RunSizes{.rows = 8, .cols = 4, .prompt_tokens = 33}.image_tokens() == 32);
  CHECK(RunSizes{.rows = 8, .cols = 4, .prompt_tokens = 33}.caption_tokens() == 64);
}

TEST_CASE("a DiT's forward is its blocks, its embedders and its last layer") {
  CHECK(kBlock32 == 28160);
  CHECK(kBlock64 == 89088);
  const double timestep = 2 * 256 * 8 + 2 * 8 * 4;
  const double embed = 2 * 4 * 4 * 4;  // padding isn't embedded
  const double last = 2 * 4 * 4 + 2 * 64 * 4 * 4;
  CHECK(dit_flops(small_dit(), kFourTokens) == timestep + embed + kBlock32 + kBlock64 + 2 * kModulation + last);
  CHECK(dit_prepare_flops(small_dit(), kFourTokens) == 2 * 3 * 6 * 4 + kBlock32);
}

TEST_CASE("the published DiT takes 56 TFLOP a forward at 1024 x 1024") {
  // 47.1 in products and 8.5 in attention, counted elsewhere from the published shapes.
  const double flops = dit_flops(published_dit_config(), {.rows = 64, .cols = 64, .prompt_tokens = 64});
  CHECK(flops > 55.0e12);
  CHECK(flops < 56.5e12);
}

TEST_CASE("a ControlNet adds its blocks and their projections") {
  using Refiner = ControlNetConfig::Refiner;
  ControlNetConfig c;
  c.layer_places = {0};
  c.refiner_places = {0};
  const double project32 = 2 * 32 * 4 * 4;
  const double project64 = 2 * 64 * 4 * 4;
  const double layer32 = kBlock32 + kModulation;
  const double layer64 = kBlock64 + kModulation;
  c.refiner = Refiner::kControlNoiseRefiner;
  CHECK(controlnet_flops(c, small_dit(), kFourTokens) == 2 * project64 + layer64 + 2 * project32 + layer32);
  c.refiner = Refiner::kPlain;
  CHECK(controlnet_flops(c, small_dit(), kFourTokens) == 2 * project64 + layer64 + layer32);
  c.refiner = Refiner::kControlLayers;
  c.layer_places = {0, 1};
  CHECK(controlnet_flops(c, small_dit(), kFourTokens) == 3 * project64 + 2 * layer64 + 2 * project32 + 2 * layer32);
}

TEST_CASE("a text encoder's last layer doesn't run, and its attention is causal") {
  const TextEncoderConfig c{.vocab_size = 9,
                            .hidden_size = 4,
                            .intermediate_size = 8,
                            .num_hidden_layers = 2,
                            .num_attention_heads = 2,
                            .num_key_value_heads = 1,
                            .head_dim = 2};
  const double queries_and_output = 2 * (2 * 3 * 4 * 4);
  const double keys_and_values = 2 * (2 * 3 * 4 * 2);
  const double mlp = 3 * (2 * 3 * 4 * 8);
  const double six_pairs = 4 * 6 * 4;
  CHECK(text_encoder_flops(c, 3) == queries_and_output + keys_and_values + mlp + six_pairs);
}

TEST_CASE("the VAE's convolutions count at the size that each works on") {
  VAEConfig c;
  c.block_out_channels = {1, 1, 2, 2};
  c.layers_per_block = 1;
  c.latent_channels = 1;
  const RunSizes sizes{.rows = 1, .cols = 1, .prompt_tokens = 1};  // 16 × 16 pixels, 2 × 2 latent cells
  const double mid = 4 * (2 * 4 * 18 * 2) + 4 * (2 * 4 * 2 * 2) + 4 * 16 * 2;
  const double widening = 2 * 16 * 9 * 2 + 2 * 16 * 18 * 2 + 2 * 16 * 1 * 2;
  const double down =
      2 * (2 * 256 * 9) + 2 * 64 * 9 + 2 * (2 * 64 * 9) + 2 * 16 * 9 + widening + 2 * 4 * 18 * 2 + 2 * (2 * 4 * 18 * 2);
  CHECK(vae_encode_flops(c, sizes) == 2 * 256 * 27 + down + mid + 2 * 4 * 18 * 2);
  const double narrowing = 2 * 64 * 18 + 2 * 64 * 9 + 2 * 64 * 2;
  const double up = 4 * (2 * 4 * 18 * 2) + 2 * 16 * 18 * 2 + 4 * (2 * 16 * 18 * 2) + 2 * 64 * 18 * 2 + narrowing +
                    2 * (2 * 64 * 9) + 2 * 256 * 9 + 4 * (2 * 256 * 9);
  CHECK(vae_decode_flops(c, sizes) == 2 * 4 * 9 * 2 + mid + up + 2 * 256 * 9 * 3);
}

}  // namespace
}  // namespace zimage
