#include "support/model_parts.h"

#include <iterator>

#include "base/text.h"

namespace zimage::test {
namespace {

template <typename Int>
void append(Bytes& bytes, Int value) {
  for (std::size_t i = 0; i < sizeof value; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void append_text(Bytes& bytes, const std::string& text) {
  append(bytes, std::uint64_t{text.size()});
  bytes.insert(bytes.end(), text.begin(), text.end());
}

}  // namespace

Bytes zeros_of(const Tensors& tensors) {
  std::string json = "{";
  std::int64_t end = 0;
  for (const auto& [name, shape] : tensors) {
    const std::int64_t begin = end;
    std::int64_t count = 1;
    std::string sides;
    for (const std::int64_t side : shape) {
      count *= side;
      sides += concat({sides.empty() ? "" : ",", std::to_string(side)});
    }
    end += 2 * count;
    json += concat({json.size() > 1 ? ",\"" : "\"", name, R"(":{"dtype":"BF16","shape":[)", sides,
                    R"(],"data_offsets":[)", std::to_string(begin), ",", std::to_string(end), "]}"});
  }
  return safetensors(json + "}", Bytes(static_cast<std::size_t>(end)));
}

Tensors dit_tensors(std::int64_t caption_width, const std::string& prefix) {
  return {{prefix + "cap_embedder.1.weight", {1, caption_width}},
          {prefix + "x_embedder.weight", {1, 64}},
          {prefix + "noise_refiner.0.attention.k_norm.weight", {1}},
          {prefix + "layers.0.attention.qkv.weight", {3, 1}}};
}

Tensors text_tensors(std::int64_t width, std::int64_t tokens, const std::string& prefix) {
  return {{prefix + "embed_tokens.weight", {tokens, width}},
          {prefix + "layers.0.self_attn.q_norm.weight", {1}},
          {prefix + "layers.0.self_attn.q_proj.weight", {1, 1}}};
}

Tensors vae_tensors(std::int64_t channels, const std::string& prefix) {
  return {{prefix + "encoder.conv_in.weight", {1, 3, 3, 3}},
          {prefix + "decoder.conv_in.weight", {1, channels, 3, 3}},
          {prefix + "decoder.mid.block_1.conv1.weight", {1, 1, 3, 3}}};
}

Tensors joined(Tensors first, const Tensors& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

Bytes dit_file(std::int64_t caption_width) { return zeros_of(dit_tensors(caption_width, "")); }

Bytes text_file(std::int64_t width, std::int64_t tokens) { return zeros_of(text_tensors(width, tokens, "model.")); }

Bytes text_gguf(std::int64_t width, bool vocabulary) {
  constexpr std::uint32_t kStringType = 8;
  constexpr std::uint32_t kArrayType = 9;
  constexpr std::uint64_t kAlignment = 32;
  const std::pair<const char*, std::uint64_t> tensors[] = {
      {"token_embd.weight", width}, {"blk.0.attn_q.weight", 1}, {"blk.0.attn_q_norm.weight", 1}};
  Bytes bytes = bytes_of("GGUF");
  append(bytes, std::uint32_t{3});
  append(bytes, std::uint64_t{std::size(tensors)});
  append(bytes, std::uint64_t{vocabulary ? 1U : 0U});
  if (vocabulary) {
    append_text(bytes, "tokenizer.ggml.tokens");
    append(bytes, kArrayType);
    append(bytes, kStringType);
    append(bytes, std::uint64_t{1});
    append_text(bytes, "a");
  }
  std::uint64_t begin = 0;
  for (const auto& [name, columns] : tensors) {
    append_text(bytes, name);
    append(bytes, std::uint32_t{2});
    append(bytes, columns);
    append(bytes, std::uint64_t{1});
    append(bytes, std::uint32_t{0});  // F32
    append(bytes, begin);
    begin += (4 * columns + kAlignment - 1) / kAlignment * kAlignment;
  }
  bytes.resize((bytes.size() + kAlignment - 1) / kAlignment * kAlignment + begin);
  return bytes;
}

Bytes vae_file(std::int64_t channels) { return zeros_of(vae_tensors(channels, "")); }

Bytes lora_file() {
  return zeros_of({{"diffusion_model.layers.0.attention.qkv.lora_A.weight", {1, 4}},
                   {"diffusion_model.layers.0.attention.qkv.lora_B.weight", {4, 1}}});
}

Bytes controlnet_file() {
  return zeros_of({{"control_all_x_embedder.2-1.weight", {1, 132}}, {"control_layers.0.after_proj.weight", {1, 1}}});
}

Bytes flux_file() { return zeros_of({{"double_blocks.0.img_attn.qkv.weight", {3, 1}}}); }

}  // namespace zimage::test
