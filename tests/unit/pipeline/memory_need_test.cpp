#include "pipeline/residency/memory_need.h"

#include "support/catch.h"
#include "support/memory_source.h"

namespace zimage {
namespace {

TEST_CASE("a part's weights are counted by layer, by what may become of them, and only if they are asked for") {
  test::MemorySource source;
  source.add("x_embedder.weight", {8, 4}, Encoding::kF32);
  source.add("layers.0.attention.to_q.weight", {8, 8}, Encoding::kF32);
  source.add("layers.0.attention_norm1.weight", {8}, Encoding::kF32);
  source.add("layers.1.feed_forward.w1.weight", {16, 8}, Encoding::kF32);
  source.add("layers.1.adaLN_modulation.0.weight", {32, 8}, Encoding::kF32);
  source.add("embed_tokens.weight", {1000, 8}, Encoding::kF32);
  source.add("lm_head.weight", {1000, 8}, Encoding::kF32);
  const nn::AskedWeights asked{{"x_embedder.weight", {}},
                               {"layers.0.attention.to_q.weight", {}},
                               {"layers.0.attention_norm1.weight", {}},
                               {"layers.1.feed_forward.w1.weight", {}},
                               {"layers.1.adaLN_modulation.0.weight", {}},
                               {"embed_tokens.weight", {}},
                               {"not in the file", {}}};
  const PartWeights part = part_weights(source, asked, "layers.");
  CHECK(part.layer_count == 2);
  CHECK((part.fixed.values == 32 && part.fixed.bulk_values == 0 && part.fixed.dense_bytes == 128));
  CHECK((part.layers.values == 8 + 256 && part.layers.bulk_values == 64 + 128));
  CHECK((part.largest.values == 256 && part.largest.bulk_values == 128));
  CHECK(held_bytes(part.layers, Holding::kConverted, 2) == 2 * (8 + 256 + 64 + 128));
  CHECK(held_bytes(part.layers, Holding::kStored, 2) == 4 * (8 + 256 + 64 + 128));
  CHECK(held_bytes(part.layers, Holding::kInt8, 2) == 2 * (8 + 256) + 64 + 128);
  CHECK(held_bytes(part.layers, Holding::kFp8, 2) == 2 * (8 + 256) + 64 + 128);
  // Without main layers everything is fixed.
  CHECK(part_weights(source, asked, "").fixed.bulk_values == 192);
}

TEST_CASE("what a stage takes grows with the picture, and with the pictures that go together") {
  ModelConfigs configs;
  configs.dit.dim = 3840;
  configs.dit.ffn_dim = 10240;
  configs.text_encoder.hidden_size = 2560;
  configs.text_encoder.intermediate_size = 9728;
  configs.vae.block_out_channels = {128, 256, 512, 512};
  const auto work = [&](double megapixels, std::int64_t pictures) {
    WorkSize size = square_of(megapixels);
    size.pictures = pictures;
    return stage_work(configs, size, at::kBFloat16, Holding::kConverted);
  };
  CHECK(work(1.0, 1).forward > 3 * work(0.25, 1).forward / 2);
  CHECK(work(1.0, 2).forward == 2 * work(1.0, 1).forward);
  CHECK(work(1.0, 1).prompt == work(4.0, 1).prompt);
  CHECK(work(4.0, 1).decode > 3 * work(1.0, 1).decode);
  CHECK(work(4.0, 1).decode_strips < work(4.0, 1).decode);
  CHECK(work(4.0, 2).decode == work(4.0, 1).decode);  // pictures are decoded one by one
  configs.controlnet = true;
  CHECK(work(1.0, 1).forward > stage_work({configs.dit, configs.text_encoder, configs.vae, false}, square_of(1.0),
                                          at::kBFloat16, Holding::kConverted)
                                   .forward);
  const auto in = [&](Holding bulk) { return stage_work(configs, square_of(1.0), at::kBFloat16, bulk).forward; };
  CHECK(in(Holding::kInt8) > in(Holding::kFp8));
  CHECK(in(Holding::kFp8) > in(Holding::kConverted));
}

TEST_CASE("a square of some megapixels has sides that the model can work on") {
  for (const double megapixels : {0.01, 0.25, 1.0, 4.0}) {
    const WorkSize size = square_of(megapixels);
    CHECK(size.width % 16 == 0);
    CHECK(size.width == size.height);
    CHECK(static_cast<double>(size.width * size.height) >= megapixels * 1e6);
  }
}

}  // namespace
}  // namespace zimage
