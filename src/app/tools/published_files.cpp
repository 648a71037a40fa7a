// Only the table is here, so that tests can link the program with another one.
//
// Sizes, hashes and licences are those on which public lists of downloads of at least two other projects agree, read on
// 2026-11-29. What the headers hold is what `inspect` says of scripts/published_files.py's files; memory is from
// docs/benchmarks.md.
#include "app/tools/published_files.h"

namespace zimage::app {
namespace {

constexpr const char* kComfy = "Comfy-Org/z_image_turbo";
constexpr const char* kControl = "alibaba-pai/Z-Image-Turbo-Fun-Controlnet-Union-2.1";
constexpr const char* kApache = "Apache-2.0";

PublishedFile dit(const char* repository, const char* path, std::uint64_t bytes, const char* sha256) {
  return {.repository = repository,
          .path = path,
          .option = "model",
          .bytes = bytes,
          .sha256 = sha256,
          .licence = kApache,
          .kind = "dit",
          .layers = 30,
          .width = 3840,
          .parameters = 6'154'908'736};
}

PublishedFile text_encoder(const char* repository, const char* path, std::uint64_t bytes, const char* sha256) {
  return {.repository = repository,
          .path = path,
          .option = "text-encoder",
          .bytes = bytes,
          .sha256 = sha256,
          .licence = kApache,
          .kind = "text_encoder",
          .layers = 36,
          .width = 2560,
          .parameters = 3'921'534'720};
}

PublishedFile vae() {
  return {.repository = kComfy,
          .path = "split_files/vae/ae.safetensors",
          .option = "vae",
          .bytes = 335'304'388,
          .sha256 = "afc8e28272cd15db3919bacdb6918ce9c1ed22e96cb12c4d5ed0fba823529e38",
          .licence = kApache,
          .kind = "vae",
          .parameters = 83'819'683};
}

PublishedFile controlnet(const char* path, const char* version, int layers, std::int64_t parameters,
                         std::uint64_t bytes, const char* sha256) {
  return {.repository = kControl,
          .path = path,
          .option = "controlnet",
          .bytes = bytes,
          .sha256 = sha256,
          .licence = kApache,
          .kind = "controlnet",
          .version = version,
          .layers = layers,
          .width = 3840,
          .parameters = parameters};
}

}  // namespace

const std::vector<PublishedSet>& published_sets() {
  static const std::vector<PublishedSet> sets = {
      {.name = "turbo",
       .what = "Z-Image-Turbo in bf16",
       .memory = "13 GB, or 5 GB with streamed layers (slower)",
       .files = {dit(kComfy, "split_files/diffusion_models/z_image_turbo_bf16.safetensors", 12'309'866'400,
                     "2407613050b809ffdff18a4ac99af83ea6b95443ecebdf80e064a79c825574a6"),
                 text_encoder(kComfy, "split_files/text_encoders/qwen_3_4b.safetensors", 8'044'982'048,
                              "6c671498573ac2f7a5501502ccce8d2b08ea6ca2f661c458e708f36b36edfc5a"),
                 vae()}},
      {.name = "turbo-int8",
       .what = "Z-Image-Turbo in int8 and fp8, the smallest good set",
       .memory = "7 GB",
       .files = {dit(kComfy, "split_files/diffusion_models/z_image_turbo_int8_convrot.safetensors", 6'201'001'296,
                     "be517ebd47c912a5626a588e1aeea43e6be4a43c0cdcd2b48a2a780d9f358635"),
                 text_encoder(kComfy, "split_files/text_encoders/qwen_3_4b_fp8_mixed.safetensors", 5'631'994'051,
                              "72450b19758172c5a7273cf7de729d1c17e7f434a104a00167624cba94f68f15"),
                 vae()}},
      {.name = "turbo-gguf",
       .what = "Z-Image-Turbo in GGUF, Q4_K_M",
       .memory = "6 GB",
       .files = {dit("unsloth/Z-Image-Turbo-GGUF", "z-image-turbo-Q4_K_M.gguf", 5'017'613'376,
                     "e6494f87de6abaf6a561924f50317a5f271fc34bb4222aabbd801197df8f7daa"),
                 text_encoder("unsloth/Qwen3-4B-GGUF", "Qwen3-4B-Q4_K_M.gguf", 2'497'281'312,
                              "f6f851777709861056efcdad3af01da38b31223a3ba26e61a4f8bf3a2195813a"),
                 vae()}},
      {.name = "controlnet-2.1",
       .what = "a ControlNet that was trained to inpaint",
       .memory = "7 GB more",
       .files = {controlnet("Z-Image-Turbo-Fun-Controlnet-Union-2.1-2602-8steps.safetensors", "2.1", 15, 3'356'225'792,
                            6'712'485'600, "d1251cc7bc3486bc61d25c3be498ef394c31c85ddf4ee9137d2e933411f4a689")}},
      {.name = "controlnet-2.1-lite",
       .what = "a lite ControlNet, with 3 blocks instead of 15",
       .memory = "2 GB more",
       .files = {controlnet("Z-Image-Turbo-Fun-Controlnet-Union-2.1-lite-2602-8steps.safetensors", "2.1-lite", 3,
                            1'008'308'480, 2'016'627'488,
                            "3ea098db9bd145be525c7e2366920b6d76c5ffd46b3d7aa8169bbc943fdaee35")}},
  };
  return sets;
}

}  // namespace zimage::app
