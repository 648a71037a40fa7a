// Measures products in 8 bits on DiT blocks: how far they are from fp32, and how fast int8 ones are. See usage().
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "models/dit.h"
#include "models/text_encoder.h"
#include "nn/int8/int8_product.h"
#include "nn/rope.h"
#include "nn/tap.h"
#include "support/memory_source.h"
#include "weights/model_files.h"

namespace {

using zimage::StoredWeight;
using zimage::nn::Placement;
using zimage::nn::WeightLoader;

const Placement kFp32, kBf16{.dtype = at::kBFloat16}, kInt8{.dtype = at::kBFloat16, .int8 = true};

/// A way to multiply in 8 bits, and how far a block may be from fp32 with it.
struct Narrow {
  const char* name;
  Placement in_bf16;  ///< with everything else in bf16
  Placement in_fp32;
  double bound;
};

const Narrow kNarrowInt8{"int8", kInt8, {.int8 = true}, 0.02};
const Narrow kNarrowFp8{"fp8", {.dtype = at::kBFloat16, .fp8 = true}, {.fp8 = true}, 0.04};

/// What the demo model's blocks see in a forward: block i's input and output, and what all blocks share.
struct Seen {
  std::vector<at::Tensor> x;
  at::Tensor t_emb, rope;
};

struct Demo {
  std::shared_ptr<const zimage::WeightSource> weights;
  zimage::DiTConfig config;
  Seen seen;
};

Demo run_demo(const std::filesystem::path& folder, float timestep) {
  zimage::ModelPaths paths;
  paths.model = folder;
  const auto files = zimage::find_model(paths);
  const auto text = zimage::open_part(files.text_encoder.weights, zimage::Part::kTextEncoder).weights;
  const auto text_config =
      zimage::TextEncoderConfig::detect(*text, {files.text_encoder.config_path.string(), files.text_encoder.config});
  WeightLoader text_loader(*text, {}, WeightLoader::Mode::kLoad);
  std::vector<std::int64_t> ids;
  for (std::int64_t i = 0; i < 24; ++i) ids.push_back(i * 37 % text_config.vocab_size);
  const at::Tensor embeds = zimage::TextEncoder::load(text_loader, text_config).forward(ids);
  Demo demo;
  demo.weights = zimage::open_part(files.dit.weights, zimage::Part::kDiT).weights;
  demo.config = zimage::DiTConfig::detect(*demo.weights, {files.dit.config_path.string(), files.dit.config});
  WeightLoader loader(*demo.weights, {}, WeightLoader::Mode::kLoad);
  const auto dit = zimage::DiT::load(loader, demo.config);
  const auto context = dit.prepare(embeds, 64, 64);
  demo.seen.rope = context.unified_rope;
  const zimage::TapScope scope([&](const std::string& name, const at::Tensor& value) {
    if (name == "dit.t_emb") demo.seen.t_emb = value.clone();
    if (name.starts_with("dit.layers.")) demo.seen.x.push_back(value.clone());
  });
  dit.forward(at::randn({1, demo.config.in_channels, 64, 64}), timestep, context);
  return demo;
}

double relative_l2(const at::Tensor& a, const at::Tensor& b) {
  return ((a.to(at::kDouble) - b.to(at::kDouble)).norm() / b.to(at::kDouble).norm()).item<double>();
}

using Load = std::function<zimage::DiTBlock(const Placement&)>;

/// Prints how far bf16 and 8 bits are from fp32, and returns the distance of 8 bits with everything else in bf16.
double compare(const Narrow& narrow, const std::string& what, const Load& load, const at::Tensor& x,
               const at::Tensor& rope, const at::Tensor& t_emb) {
  const auto run = [&](const Placement& placement) {
    const zimage::DiTBlock block = load(placement);
    const auto modulation = block.modulate(t_emb.to(placement.dtype));
    return block.forward(x.to(placement.dtype, false, true), rope, modulation).to(at::kFloat);
  };
  const at::Tensor exact = run(kFp32), made = run(narrow.in_bf16);
  std::printf("%-44s bf16 %.3f %%  %s %.3f %%  %s in fp32 %.3f %%  (%s, of what the block adds %.2f %%)\n",
              what.c_str(), 100 * relative_l2(run(kBf16), exact), narrow.name, 100 * relative_l2(made, exact),
              narrow.name, 100 * relative_l2(run(narrow.in_fp32), exact), narrow.name,
              100 * relative_l2(made - x, exact - x));
  std::fflush(stdout);
  return relative_l2(made, exact);
}

/// A block of the published size with random matrices, and with the demo block's norms, modulation and input, repeated
/// to the width: channel c of the demo becomes the channels c, c + 160, ..., each with tokens in another order.
double compare_wide(const Narrow& narrow, const Demo& demo, std::size_t block, std::int64_t tokens) {
  zimage::test::MemorySource source;
  const std::int64_t width = 3840, demo_width = demo.config.dim, copies = width / demo_width;
  const std::string prefix = "layers." + std::to_string(block);
  const auto dense = [](const at::Tensor& t) {
    return StoredWeight{.encoding = zimage::Encoding::kF32, .shape = t.sizes().vec(), .data = t.contiguous()};
  };
  const auto stored = [&](const std::string& name) {
    return demo.weights->stored(prefix + "." + name + ".weight").data.to(at::kFloat);
  };
  for (const auto& [name, shape] : zimage::test::diffusers_dit()) {
    if (name.starts_with("layers.0.") && shape.size() == 2) {
      source.add(prefix + name.substr(8), dense(at::randn(shape) / std::sqrt(static_cast<double>(shape[1]))));
    }
  }
  for (const char* norm : {"attention_norm1", "attention_norm2", "ffn_norm1", "ffn_norm2"}) {
    source.add(prefix + "." + norm + ".weight", dense(stored(norm).repeat({copies})));
  }
  for (const char* norm : {"attention.norm_q", "attention.norm_k"}) {
    source.add(prefix + "." + norm + ".weight", dense(stored(norm).repeat({4})));
  }
  const at::Tensor modulation =
      at::linear(demo.seen.t_emb, stored("adaLN_modulation.0"),
                 demo.weights->stored(prefix + ".adaLN_modulation.0.bias").data.to(at::kFloat));
  source.add(prefix + ".adaLN_modulation.0.weight", dense(at::zeros({4 * width, 256})));
  source.add(prefix + ".adaLN_modulation.0.bias",
             dense(modulation.view({4, demo_width}).repeat({1, copies}).flatten()));
  zimage::DiTConfig config = demo.config;
  config.dim = width;
  config.n_heads = 30;
  config.ffn_dim = 10240;
  config.adaln_dim = 256;
  config.rope = {.theta = 256.0, .dims = {32, 48, 48}, .lengths = {1536, 512, 512}};
  std::vector<at::Tensor> parts;
  for (std::int64_t i = 0; i < copies; ++i) {
    parts.push_back(demo.seen.x[block - 1][0].index_select(0, at::randint(demo.seen.x[0].size(1), {tokens})));
  }
  const at::Tensor rope = zimage::nn::rope_table(config.rope, zimage::nn::grid_positions(33, tokens / 32, 32));
  const auto load = [&](const Placement& placement) {
    WeightLoader loader(source, placement, WeightLoader::Mode::kLoad);
    return zimage::DiTBlock::load(loader, prefix, config, true);
  };
  return compare(narrow, "published width, input as demo " + prefix, load, at::cat(parts, 1).unsqueeze(0), rope,
                 at::zeros({1, 256}));
}

/// Prints the figures of every block; returns whether 8 bits are within their bound on all.
bool accuracy(const Narrow& narrow, const std::filesystem::path& folder, std::int64_t tokens,
              const std::vector<float>& timesteps) {
  double most = 0.0;
  for (const float timestep : timesteps) {
    const Demo demo = run_demo(folder, timestep);
    std::printf("timestep %.2f\n", static_cast<double>(timestep));
    for (std::size_t i = 1; i < demo.seen.x.size(); ++i) {
      const std::string prefix = "layers." + std::to_string(i);
      const auto load = [&](const Placement& placement) {
        WeightLoader loader(*demo.weights, placement, WeightLoader::Mode::kLoad);
        return zimage::DiTBlock::load(loader, prefix, demo.config, true);
      };
      most =
          std::max(most, compare(narrow, "demo " + prefix, load, demo.seen.x[i - 1], demo.seen.rope, demo.seen.t_emb));
      most = std::max(most, compare_wide(narrow, demo, i, tokens));
    }
  }
  std::printf("at most %.3f %%, and %g %% are allowed\n", 100 * most, 100 * narrow.bound);
  return most <= narrow.bound;
}

/// Returns the weight as GGUF's Q8_0.
StoredWeight q8_0(const at::Tensor& weight) {
  const at::Tensor blocks = weight.view({weight.size(0), -1, 32});
  const at::Tensor scale = (blocks.abs().amax(2, true) / 127.0).to(at::kHalf);
  const at::Tensor codes = (blocks / scale.to(at::kFloat)).round().clamp(-127, 127).to(at::kChar);
  return {.encoding = zimage::Encoding::kQ8_0,
          .shape = weight.sizes().vec(),
          .data = at::cat({scale.view(at::kByte), codes.view(at::kByte)}, 2).flatten(1)};
}

/// The published DiT's names and shapes; weights of one shape share random numbers, so that it takes little memory.
std::shared_ptr<const zimage::WeightSource> published(bool quantised) {
  auto source = std::make_shared<zimage::test::MemorySource>();
  std::map<std::vector<std::int64_t>, StoredWeight> made;
  for (const auto& [name, shape] : zimage::test::diffusers_dit()) {
    StoredWeight& weight = made[shape];
    if (!weight.data.defined()) {
      const double spread = shape.size() == 2 ? 1.0 / std::sqrt(static_cast<double>(shape[1])) : 0.02;
      const at::Tensor values = at::randn(shape) * spread + (shape.size() == 1 ? 1.0 : 0.0);
      const bool matrix = shape.size() == 2 && shape[0] * shape[1] > (1 << 23);
      weight =
          matrix && quantised
              ? q8_0(values)
              : StoredWeight{.encoding = zimage::Encoding::kBF16, .shape = shape, .data = values.to(at::kBFloat16)};
    }
    source->add(name, weight);
  }
  return source;
}

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Prints the times of a forward of the published DiT at 512² with 64 caption tokens, or of one block (`layers` = 1).
void speed(const std::string& encoding, bool whole, const Placement& placement, int repetitions) {
  const auto source = published(encoding == "Q8_0");
  const auto config = zimage::DiTConfig::detect(*source, {});
  WeightLoader loader(*source, placement, WeightLoader::Mode::kLoad);
  std::function<void()> forward;
  const auto start = std::chrono::steady_clock::now();
  if (whole) {
    auto dit = std::make_shared<zimage::DiT>(zimage::DiT::load(loader, config));
    const auto context = dit->prepare(at::randn({1, 64, config.cap_feat_dim}), 64, 64);
    forward = [=, latents = at::randn({1, 16, 64, 64})] { dit->forward(latents, 0.5F, context); };
  } else {
    auto block = std::make_shared<zimage::DiTBlock>(zimage::DiTBlock::load(loader, "layers.0", config, true));
    const auto rope = zimage::nn::rope_table(config.rope, zimage::nn::grid_positions(33, 34, 32));
    const auto x = at::randn({1, 1088, config.dim}).to(placement.dtype);
    const at::Tensor t = at::zeros({1, config.adaln_dim}, x.options());
    forward = [=] { block->forward(x.clone(), rope, block->modulate(t)); };
  }
  const std::chrono::duration<double> load = std::chrono::steady_clock::now() - start;
  std::printf("%s%s: loaded in %.2f s, warm-up %.3f s, then", encoding.c_str(), placement.int8 ? " in int8" : "",
              load.count(), seconds(forward));
  for (int i = 0; i < repetitions; ++i) std::printf(" %.3f", seconds(forward));
  std::printf(" s\n");
  std::fflush(stdout);
}

int usage() {
  std::fprintf(stderr,
               "usage: int8_block accuracy|fp8_accuracy DEMO_FOLDER [TOKENS [TIMESTEP]]\n"
               "       int8_block block|forward bf16|Q8_0 bf16|int8 [REPETITIONS]\n"
               "$OMP_NUM_THREADS says how many threads. accuracy exits 1 if a block is more than 2 %% off in int8,\n"
               "fp8_accuracy if it is more than 4 %% off in fp8, whose twin is measured.\n");
  return 2;
}

}  // namespace

int main(int argc, char* argv[]) {
  const c10::InferenceMode guard;
  at::manual_seed(1);
  const std::string what = argc > 2 ? argv[1] : "";
  const std::int64_t tokens = argc > 3 ? std::atoi(argv[3]) : 288;
  std::vector<float> timesteps{0.05F, 0.5F, 0.9F};
  if (argc > 4) timesteps = {std::strtof(argv[4], nullptr)};
  if (what == "fp8_accuracy") return accuracy(kNarrowFp8, argv[2], tokens, timesteps) ? 0 : 1;
  if (!zimage::nn::int8_available()) {
    std::fprintf(stderr, "this processor doesn't multiply int8\n");
    return 77;
  }
  if (what == "accuracy") return accuracy(kNarrowInt8, argv[2], tokens, timesteps) ? 0 : 1;
  if ((what != "block" && what != "forward") || argc < 4) return usage();
  speed(argv[2], what == "forward", std::string(argv[3]) == "int8" ? kInt8 : kBf16, argc > 4 ? std::atoi(argv[4]) : 2);
  return 0;
}
