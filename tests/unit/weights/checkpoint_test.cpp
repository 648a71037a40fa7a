#include "weights/open_weights.h"

#include <ATen/ATen.h>

#include "base/mapped_file.h"
#include "support/catch.h"
#include "support/files.h"

using namespace zimage;
using namespace zimage::test;

namespace {

constexpr const char* kIndexName = "model.safetensors.index.json";

std::string index_of(const std::vector<std::pair<std::string, std::string>>& weight_map) {
  std::string json = R"({"metadata":{"total_size":1},"weight_map":{)";
  for (const auto& [tensor, shard] : weight_map) {
    json += (json.back() == '{' ? "\"" : ",\"") + tensor + "\":\"" + shard + "\"";
  }
  return json + "}}";
}

std::optional<Error> open_error_of(const std::filesystem::path& path) {
  const auto error = error_of([&] { open_weights(path).weights; });
  if (error) CHECK(error->code() == ErrorCode::kModel);
  return error;
}

bool says(const std::optional<Error>& error, const std::string& text) {
  return error && error->message().find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("checkpoint: a single file", "[weights]") {
  const TemporaryFolder folder;
  const auto path = folder / "weights.safetensors";
  const std::string json =
      R"({"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"h":{"dtype":"F16","shape":[],"data_offsets":[8,10]},)"
      R"("b":{"dtype":"BF16","shape":[1],"data_offsets":[10,12]},"e":{"dtype":"F32","shape":[0,3],"data_offsets":[12,12]}})";
  const Bytes data = {0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0x3c, 0x80, 0x3f};
  write(path, safetensors(json, data));

  at::Tensor kept;
  {
    const auto source = open_weights(path).weights;
    CHECK(source->names() == std::vector<std::string>{"b", "e", "h", "w"});
    CHECK(source->description() == path.string());
    CHECK(source->files() == std::vector<std::filesystem::path>{path});
    REQUIRE(source->find("w") != nullptr);
    CHECK(source->find("w")->shape == std::vector<std::int64_t>{2, 1});
    CHECK(source->find("w")->file == path.string());
    CHECK(source->find("h")->encoding == Encoding::kF16);
    CHECK(source->find("b")->encoding == Encoding::kBF16);
    CHECK(source->find("x") == nullptr);
    CHECK(says(error_of([&] { source->stored("x").data; }), "has no tensor \"x\""));
    CHECK(source->stored("h").data.item<float>() == 1.0f);
    CHECK(source->stored("b").data.item<float>() == 1.0f);
    CHECK(source->stored("e").data.sizes() == at::IntArrayRef({0, 3}));
    kept = source->stored("w").data;
  }
  // The view keeps the mapping alive when the source is gone.
  CHECK(kept.sizes() == at::IntArrayRef({2, 1}));
  CHECK(kept[0][0].item<float>() == 1.0f);
  CHECK(kept[1][0].item<float>() == -2.0f);
}

TEST_CASE("checkpoint: aligned tensors are views of the mapping, misaligned ones copies", "[weights]") {
  const TemporaryFolder folder;
  for (const std::size_t padding : {0u, 1u, 2u, 3u}) {
    std::string json = R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
    json += std::string((4 - json.size() % 4) % 4 + padding, ' ');
    const auto path = folder / ("padding" + std::to_string(padding) + ".safetensors");
    write(path, safetensors(json, {0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}));
    const auto source = open_weights(path).weights;
    const at::Tensor first = source->stored("w").data;
    CHECK(first.equal(at::tensor({1.0f, -2.0f})));
    CHECK(reinterpret_cast<std::uintptr_t>(first.const_data_ptr()) % 4 == 0);
    const bool view = first.const_data_ptr() == source->stored("w").data.const_data_ptr();
    CHECK(view == (padding == 0));
  }
}

TEST_CASE("checkpoint: tensors of other dtypes have a problem, and are refused when they are read", "[weights]") {
  const TemporaryFolder folder;
  const auto path = folder / "i64.safetensors";
  write(path, safetensors(R"({"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},)"
                          R"("c":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})",
                          Bytes(12)));
  const auto source = open_weights(path).weights;
  CHECK(source->names().size() == 2);
  CHECK(source->stored("c").data.item<float>() == 0.0f);
  CHECK(source->find("c")->problem.empty());
  REQUIRE(source->find("a") != nullptr);
  CHECK(source->find("a")->problem == "is stored as I64, which is not supported");
  const auto error = error_of([&] { source->stored("a"); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kModel);
  CHECK(says(error, path.string() + ": \"a\" is stored as I64"));
}

TEST_CASE("checkpoint: shards behind an index", "[weights]") {
  const TemporaryFolder folder;
  write(folder / "one.safetensors", safetensors_of({{"a", {1}}, {"b", {2}}}));
  write(folder / "two.safetensors", safetensors_of({{"c", {3}}}));
  write(folder / kIndexName, index_of({{"a", "one.safetensors"}, {"b", "one.safetensors"}, {"c", "two.safetensors"}}));
  for (const auto& path : {folder.path(), folder / kIndexName}) {
    const auto source = open_weights(path).weights;
    CHECK(source->names() == std::vector<std::string>{"a", "b", "c"});
    CHECK(source->stored("b").data.item<float>() == 2.0f);
    CHECK(source->stored("c").data.item<float>() == 3.0f);
    CHECK(source->find("c")->file == (folder / "two.safetensors").string());
    CHECK(source->description() == (folder / kIndexName).string());
    CHECK(source->files().size() == 3);
  }
}

TEST_CASE("checkpoint: an index that doesn't fit its shards", "[weights]") {
  const TemporaryFolder folder;
  const auto index = folder / kIndexName;
  write(folder / "one.safetensors", safetensors_of({{"a", {1}}, {"b", {2}}}));
  write(folder / "two.safetensors", safetensors_of({{"c", {3}}}));

  write(index, index_of({{"a", "one.safetensors"}, {"x", "gone1.safetensors"}, {"y", "gone2.safetensors"}}));
  CHECK(says(open_error_of(index), "gone1.safetensors"));
  CHECK(says(open_error_of(index), "gone2.safetensors"));

  write(index, index_of({{"a", "one.safetensors"}, {"b", "one.safetensors"}, {"d", "one.safetensors"}}));
  CHECK(says(open_error_of(index), "\"d\" is not in one.safetensors"));

  write(index, index_of({{"a", "one.safetensors"}}));
  CHECK(says(open_error_of(index), "\"b\" of one.safetensors is not in the index"));

  write(index, index_of({{"a", "one.safetensors"}, {"b", "two.safetensors"}, {"c", "two.safetensors"}}));
  CHECK(says(open_error_of(index), "\"b\" is not in two.safetensors"));

  write(folder / "two.safetensors", safetensors_of({{"b", {2}}, {"c", {3}}}));
  write(index, index_of({{"a", "one.safetensors"}, {"b", "two.safetensors"}, {"c", "two.safetensors"}}));
  CHECK(says(open_error_of(index), "\"b\" is in both"));
}

TEST_CASE("checkpoint: bad index files", "[weights]") {
  const TemporaryFolder folder;
  const auto index = folder / kIndexName;
  write(folder / "one.safetensors", safetensors_of({{"a", {1}}}));
  const std::vector<std::string> kBad = {"{",
                                         "[]",
                                         "null",
                                         "{}",
                                         R"({"weight_map":{}})",
                                         R"({"weight_map":[]})",
                                         R"({"weight_map":{"a":1}})",
                                         R"({"weight_map":{"a":"../one.safetensors"}})",
                                         R"({"weight_map":{"a":"/etc/passwd"}})",
                                         R"({"weight_map":{"a":".."}})",
                                         R"({"weight_map":{"a":""}})",
                                         R"({"weight_map":{"a":"one.safetensors","a":"one.safetensors"}})",
                                         R"({"weight_map":{"a":"one.safetensors"},"x":1e999})",
                                         R"({"weight_map":{"a":"one.safetensors"}})" + std::string(1, '\0'),
                                         std::string(1000, '[')};
  for (const std::string& text : kBad) {
    write(index, text);
    INFO(text);
    CHECK(says(open_error_of(index), index.string()));
  }
}

TEST_CASE("checkpoint: which file is chosen in a folder", "[weights]") {
  const TemporaryFolder folder;
  const auto opened = [&] { return open_weights(folder.path()).weights->description(); };
  CHECK(says(open_error_of(folder / "nowhere"), "does not exist"));
  CHECK(says(open_error_of(folder.path()), "has no .safetensors or .gguf file"));
  write(folder / "pytorch_model.bin", "x");
  CHECK(says(open_error_of(folder.path()), "only pytorch_model.bin"));
  write(folder / "any.safetensors", safetensors_of({{"a", {1}}}));
  CHECK(opened() == (folder / "any.safetensors").string());
  write(folder / "other.safetensors", safetensors_of({{"a", {1}}}));
  CHECK(says(open_error_of(folder.path()), "any.safetensors, other.safetensors"));
  write(folder / "model.safetensors", safetensors_of({{"a", {1}}}));
  CHECK(opened() == (folder / "model.safetensors").string());
  write(folder / "diffusion_pytorch_model.safetensors", safetensors_of({{"a", {1}}}));
  CHECK(opened() == (folder / "diffusion_pytorch_model.safetensors").string());
  const TemporaryFolder shards;
  write(shards / "model-00001-of-00002.safetensors", safetensors_of({{"a", {1}}}));
  CHECK(says(open_error_of(shards.path()), "without their *.safetensors.index.json"));
}

TEST_CASE("mapped file: only regular files that aren't empty are mapped", "[weights]") {
  const TemporaryFolder folder;
  write(folder / "empty", "");
  write(folder / "some", "abc");
  CHECK(says(error_of([&] { MappedFile::open(folder / "empty"); }), "is empty"));
  CHECK(says(error_of([&] { MappedFile::open(folder.path()); }), "is a folder"));
  CHECK(says(error_of([&] { MappedFile::open("/dev/zero"); }), "is a device"));
  CHECK(says(error_of([&] { MappedFile::open((folder / "some") / "x"); }), "does not exist"));
  const auto file = MappedFile::open(folder / "some");
  CHECK(Bytes(file->bytes().begin(), file->bytes().end()) == bytes_of("abc"));
}
