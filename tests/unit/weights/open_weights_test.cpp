#include "weights/open_weights.h"

#include <ATen/ATen.h>

#include "gguf_samples.h"
#include "support/catch.h"
#include "weights/tensor_file.h"

using namespace zimage;
using namespace zimage::test;

namespace {

const std::filesystem::path kFolder = std::filesystem::path(ZIMAGE_SOURCE_DIR) / "tests/fixtures/gguf";

std::string message_of(const std::filesystem::path& path) {
  const auto error = error_of([&] { open_weights(path); });
  if (!error) return "";
  CHECK(error->code() == ErrorCode::kModel);
  CHECK_FALSE(error->hint().empty());
  return error->message();
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A file with the tensor "a", F32 [1].
Bytes tiny_gguf() { return gguf_start(1, 0).tensor("a", {1}, 0, 0).pad().number(3.0F).bytes(); }

}  // namespace

TEST_CASE("open weights: a GGUF file, whatever its ending", "[weights]") {
  const TemporaryFolder folder;
  for (const char* name : {"small.gguf", "small.safetensors", "small"}) {
    const auto path = folder / name;
    write(path, read(kFolder / "small.gguf"));
    const OpenedWeights opened = open_weights(path);
    REQUIRE(opened.gguf != nullptr);
    CHECK(opened.gguf->text("general.architecture") == "lumina2");
    CHECK(opened.metadata.empty());
    CHECK(opened.weights->names().size() == 8);
    CHECK(opened.weights->description() == path.string());
    CHECK(opened.weights->files() == std::vector<std::filesystem::path>{path});
    const WeightInfo* info = opened.weights->find("linear.weight");
    REQUIRE(info != nullptr);
    CHECK(info->shape == std::vector<std::int64_t>{3, 64});
    CHECK(info->encoding == Encoding::kQ8_0);
    CHECK(info->bytes == 204);
    CHECK(info->file == path.string());
    CHECK(info->problem.empty());
    const StoredWeight stored = opened.weights->stored("linear.weight");
    CHECK(stored.data.sizes() == at::IntArrayRef({3, 68}));
    CHECK(stored.columns() == 64);
    const StoredWeight dense = opened.weights->stored("brain.weight");
    CHECK(dense.data.scalar_type() == at::kBFloat16);
    CHECK(dense.data.sizes() == at::IntArrayRef({2, 4}));
    // A restored shape, whose rows are whole blocks.
    CHECK(opened.weights->stored("conv.weight").data.sizes() == at::IntArrayRef({4, 24}));
  }
}

TEST_CASE("open weights: what a GGUF file stores in another way has a problem", "[weights]") {
  const auto weights = open_weights(kFolder / "small.gguf").weights;
  CHECK(weights->find("old.weight")->problem == "is stored as IQ2_XS, which is not supported");
  CHECK(weights->find("across.weight")->problem == "has Q4_0 blocks that go across its rows, which is not supported");
  CHECK(contains(error_of([&] { weights->stored("old.weight"); })->message(), "\"old.weight\" is stored as IQ2_XS"));

  const TemporaryFolder folder;
  write(folder / "odd.gguf", gguf_start(4, 0)
                                 .tensor("odd", {33, 2}, 8, 0)
                                 .tensor("vector", {64}, 8, 0)
                                 .tensor("later", {2}, 99, 96)
                                 .tensor("empty", {32, 0}, 8, 96)
                                 .pad()
                                 .zeros(96)
                                 .bytes());
  const auto odd = open_weights(folder / "odd.gguf").weights;
  CHECK(odd->find("odd")->problem == "has rows that don't fill whole Q8_0 blocks of 32");
  CHECK(odd->find("vector")->problem == "has Q8_0 blocks that go across its rows, which is not supported");
  CHECK(odd->find("later")->problem == "is stored as type 99, which is not supported");
  CHECK(odd->find("empty")->problem.empty());
  CHECK(odd->stored("empty").values() == 0);
}

TEST_CASE("open weights: strings of a GGUF file live as long as its header", "[weights]") {
  std::shared_ptr<const GGUFHeader> header = open_weights(kFolder / "small.gguf").gguf;
  REQUIRE(header->texts("tokenizer.ggml.tokens") != nullptr);
  CHECK(header->texts("tokenizer.ggml.tokens")->at(1) == "Ġthe");
}

TEST_CASE("open weights: safetensors files, and their metadata", "[weights]") {
  const TemporaryFolder folder;
  write(folder / "a.gguf", safetensors(R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1],)"
                                       R"("data_offsets":[0,4]}})",
                                       Bytes(4)));
  const OpenedWeights opened = open_weights(folder / "a.gguf");
  CHECK(opened.gguf == nullptr);
  CHECK(opened.metadata.at("format") == "pt");
  CHECK(opened.weights->stored("a").data.item<float>() == 0.0F);

  write(folder / "shards/one.safetensors", safetensors_of({{"a", {1}}}));
  write(folder / "shards/two.safetensors", safetensors_of({{"b", {2}}}));
  write(folder / "shards/model.safetensors.index.json",
        R"({"weight_map":{"a":"one.safetensors","b":"two.safetensors"}})");
  CHECK(open_weights(folder / "shards").weights->stored("b").data.item<float>() == 2.0F);
  write(folder / "shards/two.safetensors", tiny_gguf());
  CHECK(message_of(folder / "shards") == (folder / "shards/two.safetensors").string() + " is a GGUF file");
}

TEST_CASE("open weights: a folder with a GGUF file", "[weights]") {
  const TemporaryFolder folder;
  const auto opened = [&] { return open_weights(folder.path()).weights->description(); };
  CHECK(contains(message_of(folder.path()), "has no .safetensors or .gguf file"));
  write(folder / "any.gguf", tiny_gguf());
  CHECK(opened() == (folder / "any.gguf").string());
  write(folder / "any.safetensors", safetensors_of({{"a", {1}}}));
  CHECK(contains(message_of(folder.path()), "has several files of weights (any.gguf, any.safetensors)"));
  write(folder / "model.gguf", tiny_gguf());
  CHECK(opened() == (folder / "model.gguf").string());
  write(folder / "model.safetensors", safetensors_of({{"a", {1}}}));
  CHECK(opened() == (folder / "model.safetensors").string());
}

TEST_CASE("open weights: a split GGUF file is refused by name", "[weights]") {
  const TemporaryFolder folder;
  const auto part = folder / "q-00001-of-00002.gguf";
  write(part, gguf_start(0, 1).key("split.count", 2).number(std::uint16_t{2}).bytes());
  CHECK(message_of(part) == part.string() + " is one part of a split GGUF, which is not supported");
  CHECK(contains(message_of(folder.path()), "has parts of a split GGUF (q-00001-of-00002.gguf)"));
  CHECK(contains(error_of([&] { open_weights(part); })->hint(), "llama-gguf-split --merge"));
  write(folder / "whole.gguf", gguf_start(0, 1).key("split.count", 2).number(std::uint16_t{1}).bytes());
  CHECK(message_of(folder / "whole.gguf").empty());
}

TEST_CASE("open weights: errors name the kind of files that people get by mistake", "[weights]") {
  const TemporaryFolder folder;
  const auto message = [&](const std::string& start) {
    write(folder / "x.gguf", start + std::string(64, 'x'));
    return message_of(folder / "x.gguf");
  };
  CHECK(contains(message("version https://git-lfs.github.com/spec/v1"), "is a Git LFS pointer"));
  CHECK(contains(message("<!DOCTYPE html>"), "is a web page"));
  CHECK(contains(message("PK\x03\x04"), "is a PyTorch pickle"));
  CHECK(contains(message("GGML"), "is neither a safetensors nor a GGUF file"));
  CHECK(contains(message("GGUF\x03"), "of GGUF; versions 2 and 3 are supported"));
  write(folder / "x.gguf", "GG");
  CHECK(contains(message_of(folder / "x.gguf"), "is shorter than a safetensors header"));
  CHECK(contains(message_of(folder / "nowhere.gguf"), "does not exist"));
}
