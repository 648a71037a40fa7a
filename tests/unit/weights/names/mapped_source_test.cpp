#include "weights/names/mapped_source.h"

#include <ATen/ATen.h>

#include <cstring>

#include "support/catch.h"
#include "support/files.h"
#include "support/memory_source.h"
#include "zimage/error.h"

using namespace zimage;
using namespace zimage::test;

namespace {

constexpr std::int64_t kDim = 32;
const std::string kBlock = "layers.0.attention.";
const std::string kFused = kBlock + "qkv.weight";

/// A weight of ComfyUI's formats whose every byte tells its row.
StoredWeight quantised(Encoding encoding, std::int64_t rows, std::int64_t columns) {
  const EncodingInfo& info = info_of(encoding);
  const std::int64_t row_bytes = columns / info.block_values * info.block_bytes;
  StoredWeight weight{.encoding = encoding, .shape = {rows, columns}};
  weight.data = at::arange(rows, at::kByte).unsqueeze(1).expand({rows, row_bytes}).contiguous();
  return weight;
}

std::shared_ptr<MemorySource> with_fused(StoredWeight weight) {
  auto file = std::make_shared<MemorySource>();
  file->add(kFused, std::move(weight));
  return file;
}

OpenedPart dit_of(std::shared_ptr<const WeightSource> file) {
  return open_part({.weights = std::move(file), .metadata = {}, .gguf = nullptr}, Part::kDiT);
}

const std::vector<std::string> kParts{kBlock + "to_q.weight", kBlock + "to_k.weight", kBlock + "to_v.weight"};

}  // namespace

TEST_CASE("mapped source: dense slices are views of the fused tensor", "[weights]") {
  const at::Tensor fused = at::arange(3 * kDim * kDim, at::kFloat).view({3 * kDim, kDim});
  const auto file = with_fused({.encoding = Encoding::kF32, .shape = {3 * kDim, kDim}, .data = fused});
  const OpenedPart dit = dit_of(file);
  CHECK(dit.weights->names() == std::vector<std::string>{kParts[1], kParts[0], kParts[2]});
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < kParts.size(); ++i) {
    const StoredWeight part = dit.weights->stored(kParts[i]);
    CHECK(part.shape == std::vector<std::int64_t>{kDim, kDim});
    CHECK(at::equal(part.data, fused.narrow(0, static_cast<std::int64_t>(i) * kDim, kDim)));
    CHECK(part.data.is_alias_of(fused));
    bytes += dit.weights->find(kParts[i])->bytes;
  }
  CHECK(bytes == file->find(kFused)->bytes);
}

TEST_CASE("mapped source: slices of quantised rows keep the scales of their rows", "[weights]") {
  const auto encoding =
      GENERATE(Encoding::kF8E4M3, Encoding::kInt8, Encoding::kNVFP4, Encoding::kMXFP8, Encoding::kQ8_0);
  INFO(info_of(encoding).name);
  StoredWeight fused = quantised(encoding, 3 * kDim, kDim);
  fused.scale = at::arange(3 * kDim, at::kFloat);
  fused.block_scale = at::zeros({128, 4}, at::kByte);
  fused.column_scale = at::ones({kDim}, at::kFloat);
  fused.rotation = 16;
  const OpenedPart dit = dit_of(with_fused(fused));
  for (std::size_t i = 0; i < kParts.size(); ++i) {
    const auto first = static_cast<std::int64_t>(i) * kDim;
    const StoredWeight part = dit.weights->stored(kParts[i]);
    CHECK(part.encoding == encoding);
    CHECK(part.shape == std::vector<std::int64_t>{kDim, kDim});
    CHECK(part.data.size(0) == kDim);
    CHECK(part.data[0][0].item<int>() == static_cast<int>(first));
    CHECK(part.data.is_alias_of(fused.data));
    CHECK(at::equal(part.scale, fused.scale.narrow(0, first, kDim)));
    CHECK(part.block_scale.is_same(fused.block_scale));
    CHECK(part.block_scale_row == first);
    CHECK(part.column_scale.is_same(fused.column_scale));
    CHECK(part.rotation == 16);
  }
}

TEST_CASE("mapped source: one scale of the whole tensor is every slice's", "[weights]") {
  StoredWeight fused = quantised(Encoding::kF8E4M3, 3 * kDim, kDim);
  fused.scale = at::full({}, 0.5, at::kFloat);
  const OpenedPart dit = dit_of(with_fused(fused));
  for (const auto& part : kParts) CHECK(dit.weights->stored(part).scale.item<float>() == 0.5F);
}

TEST_CASE("mapped source: a shared tensor is released with its last rows", "[weights]") {
  const auto file = with_fused(quantised(Encoding::kQ8_0, 3 * kDim, kDim));
  file->add("x_embedder.weight", {kDim, 64});
  const OpenedPart dit = dit_of(file);
  dit.weights->release(kParts[0]);
  dit.weights->release(kParts[1]);
  CHECK(file->released.empty());
  dit.weights->release(kParts[2]);
  CHECK(file->released == std::vector<std::string>{kFused});
  dit.weights->release("all_x_embedder.2-1.weight");
  dit.weights->release("no such weight");
  CHECK(file->released == std::vector<std::string>{kFused, "x_embedder.weight"});
}

TEST_CASE("mapped source: a shared tensor is read ahead with its first rows", "[weights]") {
  const auto file = with_fused(quantised(Encoding::kQ8_0, 3 * kDim, kDim));
  file->add("x_embedder.weight", {kDim, 64});
  const OpenedPart dit = dit_of(file);
  dit.weights->read_ahead(kParts[2]);
  dit.weights->read_ahead(kParts[1]);
  CHECK(file->read.empty());
  dit.weights->read_ahead(kParts[0]);
  dit.weights->read_ahead("all_x_embedder.2-1.weight");
  dit.weights->read_ahead("no such weight");
  CHECK(file->read == std::vector<std::string>{kFused, "x_embedder.weight"});
}

TEST_CASE("mapped source: reshaped weights are views", "[weights]") {
  const at::Tensor token = at::arange(kDim, at::kFloat);
  auto file = std::make_shared<MemorySource>();
  file->add("cap_pad_token", StoredWeight{.encoding = Encoding::kF32, .shape = {kDim}, .data = token});
  file->add("cap_embedder.0.weight", {kDim});
  const StoredWeight row = dit_of(file).weights->stored("cap_pad_token");
  CHECK(row.shape == std::vector<std::int64_t>{1, kDim});
  CHECK(at::equal(row.data, token.unsqueeze(0)));
  CHECK(row.data.is_alias_of(token));

  const at::Tensor conv = at::arange(16, at::kFloat).view({4, 4, 1, 1});
  auto vae = std::make_shared<MemorySource>();
  vae->add("decoder.mid.attn_1.k.weight",
           StoredWeight{.encoding = Encoding::kF32, .shape = {4, 4, 1, 1}, .data = conv});
  vae->add("encoder.mid.attn_1.k.weight", quantised(Encoding::kInt8, 4, 4));
  const auto opened = open_part({.weights = vae, .metadata = {}, .gguf = nullptr}, Part::kVAE);
  CHECK(at::equal(opened.weights->stored("decoder.mid_block.attentions.0.to_k.weight").data, conv.view({4, 4})));
}

TEST_CASE("mapped source: a quantised token in one dimension can't become a row", "[weights]") {
  auto file = std::make_shared<MemorySource>();
  file->add("x_pad_token", {256}, Encoding::kQ8_0);
  file->add("cap_embedder.0.weight", {kDim});
  const OpenedPart dit = dit_of(file);
  CHECK(dit.weights->find("x_pad_token")->problem.find("Q8_0") != std::string::npos);
  const auto error = error_of([&] { dit.weights->stored("x_pad_token"); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kModel);
}

TEST_CASE("mapped source: two tensors for one weight don't hide each other", "[weights]") {
  auto file = with_fused(quantised(Encoding::kQ8_0, 3 * kDim, kDim));
  file->add(kBlock + "to_k.weight", {kDim, kDim});
  file->add("diffusion_model." + kBlock + "to_k.weight", {kDim, kDim});
  const OpenedPart dit = dit_of(file);
  const std::string& problem = dit.weights->find(kParts[1])->problem;
  CHECK(problem.starts_with("is stored twice, as "));
  for (const auto& name : file->names()) CHECK(problem.find("\"" + name + "\"") != std::string::npos);
  CHECK(dit.weights->find(kParts[0])->problem.empty());
  const auto error = error_of([&] { dit.weights->stored(kParts[1]); });
  REQUIRE(error);
  CHECK(error->message().find("twice") != std::string::npos);
}

TEST_CASE("mapped source: a problem of the file's tensor is its weights' problem", "[weights]") {
  class Damaged final : public WeightSource {
   public:
    std::vector<std::string> names() const override { return {kFused}; }
    const WeightInfo* find(const std::string&) const override { return &info_; }
    StoredWeight stored(const std::string&) const override { return {}; }
    void release(const std::string&) const override {}
    std::string description() const override { return "damaged"; }
    std::vector<std::filesystem::path> files() const override { return {}; }

   private:
    WeightInfo info_{
        .shape = {96, 32}, .encoding = Encoding::kF32, .bytes = 1, .file = "f", .problem = "is stored as I64"};
  };
  const OpenedPart dit = dit_of(std::make_shared<Damaged>());
  for (const auto& part : kParts) CHECK(dit.weights->find(part)->problem == "is stored as I64");
}

TEST_CASE("mapped source: the bytes of a slice are those of its rows", "[weights]") {
  const TemporaryFolder folder;
  Bytes data(3 * kDim * kDim * 2 + 4, 0);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i % 101);
  const std::string json = R"({"first":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},")" + kFused +
                           R"(":{"dtype":"BF16","shape":[96,32],"data_offsets":[4,6148]}})";
  write(folder / "dit.safetensors", safetensors(json, data));
  const auto file = open_weights(folder / "dit.safetensors").weights;
  const std::vector<ByteRange> fused = file->ranges(kFused);
  REQUIRE(fused.size() == 1);
  CHECK(fused[0].size() == 6144);
  CHECK(fused[0].begin == file->ranges("first")[0].end);
  CHECK(file->ranges("none").empty());
  std::vector<MappedWeight> parts;
  for (std::int64_t i = 0; i < 3; ++i) {
    parts.push_back(
        {.name = kParts[static_cast<std::size_t>(i)], .stored = kFused, .first_row = i * kDim, .rows = kDim});
  }
  const MappedSource source(file, parts);
  for (std::size_t i = 0; i < 3; ++i) {
    const std::vector<ByteRange> ranges = source.ranges(kParts[i]);
    REQUIRE(ranges.size() == 1);
    CHECK(ranges[0].begin == fused[0].begin + i * 2048);
    CHECK(ranges[0].size() == 2048);
    const at::Tensor part = source.stored(kParts[i]).data;
    CHECK(std::memcmp(ranges[0].bytes().data(), part.const_data_ptr(), 2048) == 0);
  }
  CHECK(source.ranges("none").empty());
}
