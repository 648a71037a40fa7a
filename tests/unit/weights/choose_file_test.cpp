#include "weights/layout/choose_file.h"

#include <algorithm>

#include "support/catch.h"
#include "support/model_parts.h"

using namespace zimage;
using namespace zimage::test;
namespace fs = std::filesystem;

namespace {

/// Writes copies of one file under these names, and chooses among them.
Choice choose_among(const TemporaryFolder& folder, Part part, const std::vector<std::string>& names,
                    const Bytes& bytes) {
  std::vector<fs::path> files;
  for (const auto& name : names) {
    files.push_back(folder / name);
    write(files.back(), bytes);
  }
  HeaderReader headers;
  return choose_file(part, files, {}, headers);
}

bool says(const std::vector<std::string>& texts, const std::string& part) {
  return std::any_of(texts.begin(), texts.end(),
                     [&](const auto& text) { return text.find(part) != std::string::npos; });
}

}  // namespace

TEST_CASE("choosing a file: a published name goes first, then one that says what it is", "[weights]") {
  const TemporaryFolder folder;
  const Bytes text = text_file();
  const auto best = [&](const std::vector<std::string>& names) {
    return choose_among(folder, Part::kTextEncoder, names, text).file.filename().string();
  };
  CHECK(best({"a.safetensors", "qwen_3_4b.safetensors", "qwen_3_4b_fp8_mixed.safetensors"}) == "qwen_3_4b.safetensors");
  CHECK(best({"Qwen3-4B-Q8_0.gguf", "qwen_3_4b_fp4_mixed.safetensors", "qwen_3_4b_fp8_mixed.safetensors"}) ==
        "qwen_3_4b_fp8_mixed.safetensors");
  CHECK(best({"a.safetensors", "Qwen3-4B-Q8_0.gguf", "Qwen3-4B-Instruct-2507.gguf"}) == "Qwen3-4B-Q8_0.gguf");
  CHECK(best({"a.safetensors", "qwen_3_4b_abliterated.safetensors"}) == "a.safetensors");
  CHECK(best({"qwen_3_4b_abliterated.safetensors"}) == "qwen_3_4b_abliterated.safetensors");
}

TEST_CASE("choosing a file: only the headers of the best names are read", "[weights]") {
  const TemporaryFolder folder;
  std::vector<fs::path> files;
  for (const char* name : {"a.safetensors", "b.safetensors", "c.gguf", "z_image_turbo.safetensors"}) {
    files.push_back(folder / name);
    write(files.back(), dit_file());
  }
  HeaderReader headers;
  CHECK(choose_file(Part::kDiT, files, {}, headers).file == files.back());
  CHECK(headers.opened() == 1);
  write(files.back(), flux_file());
  HeaderReader again;
  CHECK(choose_file(Part::kDiT, files, {}, again).equals.size() == 3);
  CHECK(again.opened() == 4);
}

TEST_CASE("choosing a file: nothing decides between two of a rank, but a folder's own file goes first", "[weights]") {
  const TemporaryFolder folder;
  const Choice two = choose_among(folder, Part::kTextEncoder, {"qwen3-4b-q4.gguf", "qwen3-4b-q8.gguf"}, text_file());
  CHECK(two.file.empty());
  CHECK(two.equals == std::vector<fs::path>{folder / "qwen3-4b-q4.gguf", folder / "qwen3-4b-q8.gguf"});
  CHECK(choose_among(folder, Part::kVAE, {"flux/ae.safetensors", "ae.safetensors"}, vae_file()).file ==
        folder / "ae.safetensors");
  CHECK(choose_among(folder, Part::kVAE, {"a/ae.safetensors", "b/ae.safetensors"}, vae_file()).equals.size() == 2);
  CHECK(choose_among(folder, Part::kDiT, {"z_image_bf16.safetensors", "sub/z_image_turbo.safetensors"}, dit_file())
            .equals.size() == 2);
}

TEST_CASE("choosing a file: the header must agree with the name", "[weights]") {
  const TemporaryFolder folder;
  write(folder / "qwen_3_4b.safetensors", flux_file());
  write(folder / "qwen_3_4b_fp8_mixed.safetensors", text_file(4096));
  write(folder / "qwen3-4b.safetensors", "not weights");
  write(folder / "encoder.safetensors", text_file());
  HeaderReader headers;
  const std::vector<fs::path> files = {folder / "encoder.safetensors", folder / "qwen3-4b.safetensors",
                                       folder / "qwen_3_4b.safetensors", folder / "qwen_3_4b_fp8_mixed.safetensors"};
  const Choice choice = choose_file(Part::kTextEncoder, files, {}, headers);
  CHECK(choice.file == folder / "encoder.safetensors");
  CHECK(choice.rejected.size() == 2);
  CHECK(says(choice.rejected, "qwen_3_4b_fp8_mixed.safetensors has width 4096, not 2560"));
  CHECK(says(choice.rejected, "qwen3-4b.safetensors"));
}

TEST_CASE("choosing a file: a VAE with other channels, and Stable Diffusion 3's, are passed over", "[weights]") {
  const TemporaryFolder folder;
  CHECK(choose_among(folder, Part::kVAE, {"sdxl_vae.safetensors"}, vae_file(4)).file.empty());
  CHECK(choose_among(folder, Part::kVAE, {"sd3_vae.safetensors"}, vae_file()).file.empty());
  const Bytes video = zeros_of({{"decoder.conv_in.weight", {1, 16, 3, 3, 3}}, {"decoder.mid.x.weight", {1}}});
  CHECK(choose_among(folder, Part::kVAE, {"video_vae.safetensors"}, video).file.empty());
  CHECK(choose_among(folder, Part::kVAE, {"vae.safetensors", "FLUX1_vae.safetensors"}, vae_file()).file ==
        folder / "FLUX1_vae.safetensors");
}

TEST_CASE("choosing a file: two links to one file are one, under its best name", "[weights]") {
  const TemporaryFolder folder;
  write(folder / "store/blob.safetensors", text_file());
  fs::create_symlink(folder / "store/blob.safetensors", folder / "a.safetensors");
  fs::create_symlink(folder / "store/blob.safetensors", folder / "qwen3-4b.safetensors");
  HeaderReader headers;
  const std::vector<fs::path> files = {folder / "a.safetensors", folder / "qwen3-4b.safetensors",
                                       folder / "store/blob.safetensors"};
  const Choice choice = choose_file(Part::kTextEncoder, files, {}, headers);
  CHECK(choice.file == folder / "qwen3-4b.safetensors");
  CHECK(choice.equals.empty());
}

TEST_CASE("choosing a file: a model of other sizes wants other parts", "[weights]") {
  const TemporaryFolder folder;
  write(folder / "qwen_3_4b.safetensors", text_file());
  write(folder / "small.safetensors", text_file(128, 448));
  HeaderReader headers;
  const Choice choice =
      choose_file(Part::kTextEncoder, {folder / "qwen_3_4b.safetensors", folder / "small.safetensors"},
                  {.text_width = 128}, headers);
  CHECK(choice.file == folder / "small.safetensors");
}
