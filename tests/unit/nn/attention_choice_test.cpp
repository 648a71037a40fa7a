#include "nn/attention_choice.h"

#include "support/catch.h"

namespace zimage::nn {
namespace {

/// The published DiT's work for a square picture with a short caption: `calls` of as many tokens as it has.
AttentionWork dit_work(std::int64_t side, double calls) {
  const std::int64_t tokens = side / 16 * (side / 16) + 64;
  return {.batch = 1, .heads = 30, .queries = tokens, .keys = tokens, .head_dim = 128, .calls = calls};
}

TEST_CASE("cuDNN's attention is for the main layers of pictures of a megapixel and more") {
  constexpr double kLayers = 30 * 8;
  CHECK_FALSE(cudnn_is_worth_it(dit_work(256, kLayers)));
  CHECK_FALSE(cudnn_is_worth_it(dit_work(512, kLayers)));
  CHECK(cudnn_is_worth_it(dit_work(1024, kLayers)));
  CHECK(cudnn_is_worth_it(dit_work(2048, kLayers)));
}

TEST_CASE("a few calls don't earn back what cuDNN's attention costs once") {
  CHECK_FALSE(cudnn_is_worth_it(dit_work(1024, 2 * 8)));  // the refiner's two layers
  CHECK_FALSE(cudnn_is_worth_it(dit_work(1024, 30)));     // one step
  CHECK(cudnn_is_worth_it(dit_work(2048, 30)));
  CHECK_FALSE(cudnn_is_worth_it({.heads = 30, .queries = 512, .keys = 512, .head_dim = 128, .calls = 2}));
  CHECK_FALSE(cudnn_is_worth_it({}));
}

TEST_CASE("many steps and pictures that share a forward earn it back earlier") {
  CHECK(cudnn_is_worth_it(dit_work(512, 30 * 200)));
  AttentionWork two = dit_work(768, 30 * 8);
  CHECK_FALSE(cudnn_is_worth_it(two));
  two.batch = 8;
  CHECK(cudnn_is_worth_it(two));
}

}  // namespace
}  // namespace zimage::nn
