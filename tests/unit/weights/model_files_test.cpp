#include "weights/model_files.h"

#include "support/catch.h"
#include "support/model_parts.h"

using namespace zimage;
using namespace zimage::test;

namespace {

const Bytes kWeights = safetensors_of({{"a", {1}}});

void write_diffusers_folder(const std::filesystem::path& folder) {
  write(folder / "model_index.json", "{\"index\":1}");
  write(folder / "transformer/diffusion_pytorch_model.safetensors", kWeights);
  write(folder / "transformer/config.json", "{\"dit\":1}");
  write(folder / "text_encoder/model.safetensors", kWeights);
  write(folder / "text_encoder/config.json", "{\"text\":1}");
  write(folder / "vae/diffusion_pytorch_model.safetensors", kWeights);
  write(folder / "vae/config.json", "{\"vae\":1}");
  write(folder / "tokenizer/tokenizer.json", "{}");
}

std::string missing_of(const ModelPaths& paths) {
  const auto error = error_of([&] { find_model(paths); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kModel);
  CHECK_FALSE(error->hint().empty());
  return error->message();
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("model files: a diffusers folder", "[weights]") {
  const TemporaryFolder folder;
  const auto model = folder / "z-image";
  write_diffusers_folder(model);
  for (const std::string& spelling : {model.string(), model.string() + "/", model.string() + "/vae/.."}) {
    const ModelFiles files = find_model({spelling, {}, {}, {}});
    CHECK(files.name == "z-image");
    CHECK(files.index == "{\"index\":1}");
    CHECK(files.dit.config == "{\"dit\":1}");
    CHECK(files.text_encoder.config == "{\"text\":1}");
    CHECK(files.vae.config == "{\"vae\":1}");
    CHECK(std::filesystem::equivalent(files.dit.weights, model / "transformer/diffusion_pytorch_model.safetensors"));
    CHECK(std::filesystem::equivalent(files.vae.config_path, model / "vae/config.json"));
    CHECK(std::filesystem::equivalent(files.tokenizer.path, model / "tokenizer/tokenizer.json"));
  }
}

TEST_CASE("model files: everything that is missing is reported at once", "[weights]") {
  const TemporaryFolder folder;
  const auto model = folder / "half";
  write(model / "model_index.json", "{}");
  write(model / "vae/pytorch_model.bin", "x");
  const std::string message = missing_of({model, {}, {}, {}});
  CHECK(contains(message, (model / "transformer").string()));
  CHECK(contains(message, (model / "text_encoder").string()));
  CHECK(contains(message, (model / "vae").string() + " has no "));
  CHECK(contains(message, ", only pytorch_model.bin"));
  for (const char* option : {"--model", "--text-encoder", "--vae"}) CHECK(contains(message, option));
  CHECK(contains(message, "get text_encoder/ of Tongyi-MAI/Z-Image-Turbo"));
  CHECK_FALSE(contains(message, "\n"));

  std::filesystem::create_directories(folder / "empty");
  CHECK(contains(missing_of({folder / "empty", {}, {}, {}}), (folder / "empty/transformer").string()));
}

TEST_CASE("model files: no model", "[weights]") {
  const TemporaryFolder folder;
  CHECK(contains(missing_of({folder / "nowhere", {}, {}, {}}), (folder / "nowhere").string() + " does not exist"));
  const auto error = error_of([&] { find_model({folder / "nowhere", {}, {}, {}}); });
  CHECK(contains(error->hint(), "--model"));
  CHECK(contains(error->hint(), "Get the model"));
  CHECK(contains(missing_of({}), "no model"));
}

TEST_CASE("model files: one DiT file finds its siblings", "[weights]") {
  const TemporaryFolder folder;
  write_diffusers_folder(folder / "z");
  write(folder / "z/dit.safetensors", kWeights);
  for (const char* dit : {"z/dit.safetensors", "z/transformer", "z/transformer/diffusion_pytorch_model.safetensors"}) {
    INFO(dit);
    const ModelFiles files = find_model({folder / dit, {}, {}, {}});
    CHECK(files.text_encoder.config == "{\"text\":1}");
    CHECK(files.vae.config == "{\"vae\":1}");
    CHECK(files.index == "{\"index\":1}");
    CHECK(std::filesystem::equivalent(files.tokenizer.path, folder / "z/tokenizer/tokenizer.json"));
  }
  CHECK(find_model({folder / "z/dit.safetensors", {}, {}, {}}).dit.config.empty());
  CHECK(find_model({folder / "z/dit.safetensors", {}, {}, {}}).name == "dit.safetensors");
}

TEST_CASE("model files: parts given by options", "[weights]") {
  const TemporaryFolder folder;
  write(folder / "dits/dit.safetensors", kWeights);
  write(folder / "qwen/model.safetensors", kWeights);
  write(folder / "qwen/config.json", "{\"text\":1}");
  write(folder / "qwen/tokenizer.json", "{}");
  write(folder / "vaes/ae.safetensors", kWeights);
  write(folder / "tok/tokenizer.json", "{}");
  const auto dit = folder / "dits/dit.safetensors";

  const std::string message = missing_of({dit, {}, {}, {}});
  CHECK(contains(message, (folder / "dits").string() + ", " + (folder / "dits/text_encoder").string() + ", " +
                              (folder / "text_encoder").string()));
  CHECK(contains(message, (folder / "dits/vae").string() + ", " + (folder / "vae").string()));

  const ModelFiles by_folder = find_model({dit, folder / "qwen", folder / "tok", folder / "vaes"});
  CHECK(by_folder.text_encoder.weights == folder / "qwen/model.safetensors");
  CHECK(by_folder.text_encoder.config == "{\"text\":1}");
  CHECK(by_folder.tokenizer.path == folder / "tok/tokenizer.json");
  CHECK(by_folder.vae.weights == folder / "vaes/ae.safetensors");
  CHECK(by_folder.vae.config_path.empty());

  const ModelFiles by_file = find_model(
      {dit, folder / "qwen/model.safetensors", folder / "tok/tokenizer.json", folder / "vaes/ae.safetensors"});
  CHECK(by_file.text_encoder.config == "{\"text\":1}");
  CHECK(by_file.tokenizer.path == folder / "tok/tokenizer.json");

  // A text encoder's own folder often has its tokenizer.
  CHECK(find_model({dit, folder / "qwen", {}, folder / "vaes"}).tokenizer.path == folder / "qwen/tokenizer.json");

  const std::string wrong = missing_of({dit, folder / "no-text", folder / "no-tok", folder / "no-vae"});
  CHECK(contains(wrong, "--text-encoder: " + (folder / "no-text").string() + " does not exist"));
  CHECK(contains(wrong, "--tokenizer: " + (folder / "no-tok").string() + " does not exist"));
  CHECK(contains(wrong, "--vae: " + (folder / "no-vae").string() + " does not exist"));
}

TEST_CASE("model files: a folder that has a tokenizer.json of the text encoder, or none", "[weights]") {
  using Kind = TokenizerFile::Kind;
  const TemporaryFolder folder;
  write_diffusers_folder(folder / "z");
  CHECK(find_model({folder / "z", {}, {}, {}}).tokenizer.kind == Kind::kJson);
  std::filesystem::remove_all(folder / "z/tokenizer");
  // Nothing is known of the text encoder's tokens here, so Qwen3's must do.
  const ModelFiles files = find_model({folder / "z", {}, {}, {}});
  CHECK(files.tokenizer.kind == Kind::kBundled);
  CHECK(files.tokenizer.path.empty());
  write(folder / "z/text_encoder/model.safetensors", text_file(1, 151668));
  const std::string message = missing_of({folder / "z", {}, {}, {}});
  CHECK(contains(message, "tokenizer (the text encoder has only 151668 tokens"));
  CHECK(contains(message, (folder / "z/tokenizer/tokenizer.json").string()));
  CHECK(contains(message, "--tokenizer"));
  write(folder / "z/text_encoder/model.safetensors", text_file(1, 151669));
  CHECK(find_model({folder / "z", {}, {}, {}}).tokenizer.kind == Kind::kBundled);
  write(folder / "vocabulary.gguf", "GGUF");
  CHECK(find_model({folder / "z", {}, folder / "vocabulary.gguf", {}}).tokenizer.kind == Kind::kGGUF);
}

TEST_CASE("model files: a config that can't be read", "[weights]") {
  const TemporaryFolder folder;
  write_diffusers_folder(folder / "z");
  write(folder / "z/vae/config.json", "");
  CHECK(contains(missing_of({folder / "z", {}, {}, {}}), (folder / "z/vae/config.json").string() + " is empty"));
}

TEST_CASE("model files: the scheduler config belongs to the model that the DiT lies in", "[weights]") {
  const TemporaryFolder folder;
  const auto model = folder / "z-image";
  write_diffusers_folder(model);
  const auto opened = [](const std::filesystem::path& path) {
    ModelPaths paths;
    paths.model = path;
    return find_model(paths);
  };
  CHECK(opened(model).scheduler.config.empty());
  write(model / "scheduler/scheduler_config.json", "{\"shift\":6.0}");
  for (const auto& dit : {model, model / "transformer", model / "transformer/diffusion_pytorch_model.safetensors"}) {
    INFO(dit);
    const ModelFiles files = opened(dit);
    CHECK(files.scheduler.config == "{\"shift\":6.0}");
    CHECK(files.scheduler.config_path.filename() == "scheduler_config.json");
    CHECK(files.scheduler.weights.empty());
  }
}
