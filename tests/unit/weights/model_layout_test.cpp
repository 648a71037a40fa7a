// find_model() on ComfyUI's folders, bundles and loose files.
#include "support/catch.h"
#include "support/model_parts.h"
#include "weights/model_files.h"

using namespace zimage;
using namespace zimage::test;
namespace fs = std::filesystem;

namespace {

using Kind = TokenizerFile::Kind;
// A text encoder as wide as Qwen3-4B with all its tokens would be a large file.
constexpr std::int64_t kWidth = 2;
constexpr std::int64_t kTokens = 151936;

Bytes small_dit() { return dit_file(kWidth); }
const Bytes& small_text() {
  static const Bytes kText = text_file(kWidth, kTokens);
  return kText;
}

void write_tree(const fs::path& models) {
  write(models / "diffusion_models/z_image_turbo_bf16.safetensors", small_dit());
  write(models / "diffusion_models/flux1-dev.safetensors", flux_file());
  write(models / "text_encoders/qwen_3_4b.safetensors", small_text());
  write(models / "text_encoders/qwen_3_8b.safetensors", text_file(kWidth + 1, kTokens));
  write(models / "vae/ae.safetensors", vae_file());
  write(models / "vae/sdxl_vae.safetensors", vae_file(4));
  write(models / "loras/style.safetensors", lora_file());
  write(models / "model_patches/net.safetensors", controlnet_file());
}

Error failure_of(const ModelPaths& paths) {
  const auto error = error_of([&] { find_model(paths); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kModel);
  CHECK_FALSE(error->hint().empty());
  CHECK(error->message().find('\n') == std::string::npos);
  return *error;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Is in a folder while it lives.
class InFolder {
 public:
  explicit InFolder(const fs::path& folder) : before_(fs::current_path()) { fs::current_path(folder); }
  ~InFolder() { fs::current_path(before_); }
  InFolder(const InFolder&) = delete;
  InFolder& operator=(const InFolder&) = delete;

 private:
  fs::path before_;
};

}  // namespace

TEST_CASE("model layout: ComfyUI's folder, or one in it, is enough", "[weights]") {
  const TemporaryFolder folder;
  const auto models = folder / "ComfyUI/models";
  write_tree(models);
  for (const char* model : {"ComfyUI", "ComfyUI/", "ComfyUI/models", "ComfyUI/models/diffusion_models",
                            "ComfyUI/models/diffusion_models/z_image_turbo_bf16.safetensors"}) {
    INFO(model);
    const ModelFiles files = find_model({folder / model, {}, {}, {}});
    CHECK(files.name == "z_image_turbo_bf16.safetensors");
    CHECK(fs::equivalent(files.dit.weights, models / "diffusion_models/z_image_turbo_bf16.safetensors"));
    CHECK(fs::equivalent(files.text_encoder.weights, models / "text_encoders/qwen_3_4b.safetensors"));
    CHECK(fs::equivalent(files.vae.weights, models / "vae/ae.safetensors"));
    CHECK(files.tokenizer.kind == Kind::kBundled);
    REQUIRE(files.trees.size() == 1);
    CHECK(fs::equivalent(files.trees[0], models));
  }
}

TEST_CASE("model layout: a relative path finds the tree that the folder is in", "[weights]") {
  const TemporaryFolder folder;
  write_tree(folder / "models");
  const InFolder in(folder / "models/diffusion_models");
  CHECK(find_model({"z_image_turbo_bf16.safetensors", {}, {}, {}}).vae.weights.filename() == "ae.safetensors");
  CHECK(find_model({".", {}, {}, {}}).text_encoder.weights.filename() == "qwen_3_4b.safetensors");
  const InFolder above(folder / "models");
  const ModelFiles files = find_model({".", {}, {}, {}});
  CHECK(files.vae.weights.lexically_normal() == "vae/ae.safetensors");
}

TEST_CASE("model layout: several DiTs must be told apart by the person", "[weights]") {
  const TemporaryFolder folder;
  write_tree(folder / "models");
  write(folder / "models/unet/juggernaut.safetensors", small_dit());
  CHECK(find_model({folder / "models", {}, {}, {}}).name == "z_image_turbo_bf16.safetensors");
  write(folder / "models/checkpoints/z-image-base.safetensors", small_dit());
  const Error error = failure_of({folder / "models", {}, {}, {}});
  CHECK(contains(error.message(), "several Z-Image DiTs"));
  CHECK(contains(error.message(), (folder / "models/diffusion_models/z_image_turbo_bf16.safetensors").string()));
  CHECK(contains(error.message(), (folder / "models/checkpoints/z-image-base.safetensors").string()));
  CHECK_FALSE(contains(error.message(), "juggernaut"));
  CHECK(contains(error.hint(), "--model"));
  CHECK(find_model({folder / "models/unet", {}, {}, {}}).name == "juggernaut.safetensors");
}

TEST_CASE("model layout: a symlink's folder goes before its target's", "[weights]") {
  const TemporaryFolder folder;
  write_tree(folder / "store");
  const auto file = folder / "store/diffusion_models/z_image_turbo_bf16.safetensors";
  fs::create_directories(folder / "models/diffusion_models");
  fs::create_symlink(file, folder / "models/diffusion_models/z.safetensors");
  write(folder / "models/vae/ae.safetensors", vae_file());
  const ModelFiles files = find_model({folder / "models", {}, {}, {}});
  CHECK(files.vae.weights == folder / "models/vae/ae.safetensors");
  const ModelFiles named = find_model({folder / "models/diffusion_models/z.safetensors", {}, {}, {}});
  CHECK(named.vae.weights == folder / "models/vae/ae.safetensors");
  CHECK(fs::equivalent(named.text_encoder.weights, folder / "store/text_encoders/qwen_3_4b.safetensors"));
}

TEST_CASE("model layout: loose files in one folder", "[weights]") {
  const TemporaryFolder folder;
  write(folder / "z/z_image_turbo-Q4_K.safetensors", small_dit());
  write(folder / "z/Qwen3-4B-Q4_K_M.safetensors", small_text());
  write(folder / "z/ae.safetensors", vae_file());
  write(folder / "z/config.json", R"({"model_type":"qwen3"})");
  for (const char* model : {"z", "z/z_image_turbo-Q4_K.safetensors"}) {
    const ModelFiles files = find_model({folder / model, {}, {}, {}});
    CHECK(files.name == "z_image_turbo-Q4_K.safetensors");
    CHECK(files.text_encoder.weights == folder / "z/Qwen3-4B-Q4_K_M.safetensors");
    CHECK(files.vae.weights == folder / "z/ae.safetensors");
    // The folder's config.json says whose it is.
    CHECK_FALSE(files.text_encoder.config.empty());
    CHECK(files.dit.config.empty());
    CHECK(files.vae.config.empty());
  }
}

TEST_CASE("model layout: a GGUF text encoder brings its own vocabulary", "[weights]") {
  const TemporaryFolder folder;
  const auto gguf = folder / "z/Qwen3-4B-Q4_K_M.gguf";
  write(folder / "z/z_image.safetensors", small_dit());
  write(folder / "z/ae.safetensors", vae_file());
  write(gguf, text_gguf(kWidth, /*vocabulary=*/true));
  const ModelFiles files = find_model({folder / "z", {}, {}, {}});
  CHECK(files.text_encoder.weights == gguf);
  CHECK(files.tokenizer.kind == Kind::kGGUF);
  CHECK(files.tokenizer.path == gguf);
  CHECK(find_model({folder / "z", {}, gguf, {}}).tokenizer.kind == Kind::kGGUF);
  // A tokenizer.json beside it goes first.
  write(folder / "z/tokenizer.json", "{}");
  CHECK(find_model({folder / "z", {}, {}, {}}).tokenizer.kind == Kind::kJson);
  fs::remove(folder / "z/tokenizer.json");
  write(gguf, text_gguf(kWidth, /*vocabulary=*/false));
  CHECK(contains(failure_of({folder / "z", {}, {}, {}}).message(), "tokenizer (the text encoder has only 1 tokens"));
}

TEST_CASE("model layout: a bundle has its parts, and options go before them", "[weights]") {
  const TemporaryFolder folder;
  const Tensors dit = dit_tensors(kWidth, "model.diffusion_model.");
  const Tensors text = text_tensors(kWidth, kTokens, "text_encoders.qwen3_4b.transformer.model.");
  write(folder / "all.safetensors", zeros_of(joined(joined(dit, text), vae_tensors(16, "vae."))));
  write(folder / "vaes/ae.safetensors", vae_file());
  const ModelFiles files = find_model({folder / "all.safetensors", {}, {}, {}});
  for (const auto* part : {&files.dit, &files.text_encoder, &files.vae}) {
    CHECK(part->weights == folder / "all.safetensors");
  }
  CHECK(files.tokenizer.kind == Kind::kBundled);
  CHECK(find_model({folder / "all.safetensors", {}, {}, folder / "vaes/ae.safetensors"}).vae.weights ==
        folder / "vaes/ae.safetensors");
  // Another model's bundle can give a part.
  write(folder / "dit/dit.safetensors", small_dit());
  const auto all = folder / "all.safetensors";
  CHECK(find_model({folder / "dit/dit.safetensors", all, {}, all}).vae.weights == all);
  write(folder / "half.safetensors", zeros_of(joined(dit, text)));
  CHECK(contains(failure_of({folder / "half.safetensors", {}, {}, folder / "half.safetensors"}).message(),
                 "and has no VAE: give it with --model"));
}

TEST_CASE("model layout: bare names are looked for in the tree", "[weights]") {
  const TemporaryFolder folder;
  const auto models = folder / "models";
  write_tree(models);
  write(models / "vae/flux/other.safetensors", vae_file());
  const ModelFiles files = find_model({models, "qwen_3_4b.safetensors", {}, "other.safetensors", "net.safetensors"});
  CHECK(files.text_encoder.weights == models / "text_encoders/qwen_3_4b.safetensors");
  CHECK(files.vae.weights == models / "vae/flux/other.safetensors");
  CHECK(files.controlnet.weights == models / "model_patches/net.safetensors");
  // A tree's own folder, which has several files, is searched like the tree.
  CHECK(find_model({models, {}, {}, models / "vae"}).vae.weights == models / "vae/ae.safetensors");
  const std::string message = failure_of({models, {}, {}, "no.safetensors", "no-net.safetensors"}).message();
  CHECK(contains(message, "--vae: no.safetensors does not exist, nor is it in " + (models / "vae").string()));
  CHECK(contains(
      message, "--controlnet: no-net.safetensors does not exist, nor is it in " + (models / "model_patches").string()));
  CHECK_FALSE(contains(message, "missing"));
}

TEST_CASE("model layout: what is missing is named with the file to get", "[weights]") {
  const TemporaryFolder folder;
  const auto models = folder / "models";
  write(models / "diffusion_models/z_image.safetensors", dit_file());
  write(models / "text_encoders/qwen_3_8b.safetensors", text_file(4096));
  write(models / "text_encoders/qwen_3_4b.safetensors", "cut off");
  const std::string message = failure_of({models, {}, {}, {}}).message();
  CHECK(contains(message, "text encoder (there is none in " + (models / "text_encoders").string()));
  CHECK(contains(message, "qwen_3_8b.safetensors has width 4096, not 2560"));
  CHECK(contains(message, "qwen_3_4b.safetensors"));
  CHECK(contains(message, "get qwen_3_4b_fp8_mixed.safetensors (5.6 GB) from Comfy-Org/z_image_turbo into " +
                              (models / "text_encoders").string() + ", or give one with --text-encoder"));
  CHECK(contains(message, "VAE (there is none in"));
  CHECK(contains(message, "get ae.safetensors (0.34 GB) from Comfy-Org/z_image_turbo into " +
                              (models / "vae").string() + ", or give one with --vae"));

  fs::remove_all(models / "diffusion_models");
  write(models / "unet/flux.safetensors", flux_file());
  CHECK(contains(failure_of({models, {}, {}, {}}).message(),
                 "DiT (there is none in " + (models / "unet").string() +
                     "; get z_image_turbo_int8_convrot.safetensors (6.2 GB) from Comfy-Org/z_image_turbo into " +
                     (models / "diffusion_models").string() + ", or name its file with --model)"));
}

TEST_CASE("model layout: equal candidates for a part are listed with the option", "[weights]") {
  const TemporaryFolder folder;
  const auto models = folder / "models";
  write_tree(models);
  fs::remove(models / "text_encoders/qwen_3_4b.safetensors");
  write(models / "text_encoders/qwen3-4b-a.safetensors", text_file(kWidth));
  write(models / "clip/qwen3-4b-b.safetensors", text_file(kWidth));
  const std::string message = failure_of({models, {}, {}, {}}).message();
  CHECK(contains(
      message, "text encoder (there are several: " + (models / "text_encoders/qwen3-4b-a.safetensors").string() + ", " +
                   (models / "clip/qwen3-4b-b.safetensors").string() + "; name one with --text-encoder)"));
}

TEST_CASE("model layout: a file that is something else says which option takes it", "[weights]") {
  const TemporaryFolder folder;
  const std::pair<const char*, Bytes> files[] = {{"--model", small_dit()}, {"--text-encoder", small_text()},
                                                 {"--vae", vae_file()},    {"--controlnet", controlnet_file()},
                                                 {"--lora", lora_file()},  {"", flux_file()}};
  write(folder / "dit/z.safetensors", small_dit());
  write(folder / "dit/qwen_3_4b.safetensors", small_text());
  write(folder / "dit/ae.safetensors", vae_file());
  for (const auto& [option, bytes] : files) {
    const auto file = folder / "given.safetensors";
    write(file, bytes);
    const auto dit = folder / "dit/z.safetensors";
    const std::pair<std::string, ModelPaths> jobs[] = {{"--model", {file, {}, {}, {}}},
                                                       {"--text-encoder", {dit, file, {}, {}}},
                                                       {"--vae", {dit, {}, {}, file}},
                                                       {"--controlnet", {dit, {}, {}, {}, file}}};
    for (const auto& [given, paths] : jobs) {
      INFO(given << " takes what belongs to " << option);
      if (given == option) {
        if (given != "--model") CHECK_FALSE(error_of([&, paths = paths] { find_model(paths); }));
        continue;
      }
      const Error error = failure_of(paths);
      CHECK(contains(error.message(), given + ": " + file.string() + " is "));
      CHECK(contains(error.message(), "give it with") == (*option != 0));
      if (*option != 0) CHECK(contains(error.message(), std::string("give it with ") + option));
    }
  }
}

TEST_CASE("model layout: a named file that can't be read is an error, one that is found is passed over", "[weights]") {
  const TemporaryFolder folder;
  const auto models = folder / "models";
  write_tree(models);
  write(models / "vae/broken.safetensors", "no header");
  write(models / "diffusion_models/z_image_broken.safetensors", "no header");
  CHECK(find_model({models, {}, {}, {}}).vae.weights == models / "vae/ae.safetensors");
  CHECK(contains(failure_of({models, {}, {}, models / "vae/broken.safetensors"}).message(), "broken.safetensors"));
  CHECK(contains(failure_of({models / "diffusion_models/z_image_broken.safetensors", {}, {}, {}}).message(),
                 "z_image_broken.safetensors"));
}
