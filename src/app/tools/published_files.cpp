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

// What files of one kind have in common.
const PublishedFile kDiT{.option = "model", .kind = "dit", .layers = 30, .width = 3840, .parameters = 6'154'908'736};
const PublishedFile kTextEncoder{
    .option = "text-encoder", .kind = "text_encoder", .layers = 36, .width = 2560, .parameters = 3'921'534'720};
const PublishedFile kVae{.option = "vae", .kind = "vae", .parameters = 83'819'683};
const PublishedFile kControlNet21{.option = "controlnet",
                                  .kind = "controlnet",
                                  .version = "2.1",
                                  .layers = 15,
                                  .width = 3840,
                                  .parameters = 3'356'225'792};
const PublishedFile kControlNet21Lite{.option = "controlnet",
                                      .kind = "controlnet",
                                      .version = "2.1-lite",
                                      .layers = 3,
                                      .width = 3840,
                                      .parameters = 1'008'308'480};

PublishedFile file(PublishedFile kind, const char* repository, const char* path, std::uint64_t bytes,
                   const char* sha256) {
  kind.repository = repository;
  kind.path = path;
  kind.bytes = bytes;
  kind.sha256 = sha256;
  kind.licence = kApache;
  return kind;
}

PublishedFile vae() {
  return file(kVae, kComfy, "split_files/vae/ae.safetensors", 335'304'388,
              "afc8e28272cd15db3919bacdb6918ce9c1ed22e96cb12c4d5ed0fba823529e38");
}

}  // namespace

const std::vector<PublishedSet>& published_sets() {
  static const std::vector<PublishedSet> sets = {
      {.name = "turbo",
       .what = "Z-Image-Turbo in bf16",
       .memory = "13 GB, or 5 GB with streamed layers (slower)",
       .files = {file(kDiT, kComfy, "split_files/diffusion_models/z_image_turbo_bf16.safetensors", 12'309'866'400,
                      "2407613050b809ffdff18a4ac99af83ea6b95443ecebdf80e064a79c825574a6"),
                 file(kTextEncoder, kComfy, "split_files/text_encoders/qwen_3_4b.safetensors", 8'044'982'048,
                      "6c671498573ac2f7a5501502ccce8d2b08ea6ca2f661c458e708f36b36edfc5a"),
                 vae()}},
      {.name = "turbo-int8",
       .what = "Z-Image-Turbo in int8 and fp8, the smallest good set",
       .memory = "7 GB",
       .files = {file(kDiT, kComfy, "split_files/diffusion_models/z_image_turbo_int8_convrot.safetensors",
                      6'201'001'296, "be517ebd47c912a5626a588e1aeea43e6be4a43c0cdcd2b48a2a780d9f358635"),
                 file(kTextEncoder, kComfy, "split_files/text_encoders/qwen_3_4b_fp8_mixed.safetensors", 5'631'994'051,
                      "72450b19758172c5a7273cf7de729d1c17e7f434a104a00167624cba94f68f15"),
                 vae()}},
      {.name = "turbo-gguf",
       .what = "Z-Image-Turbo in GGUF, Q4_K_M",
       .memory = "6 GB",
       .files = {file(kDiT, "unsloth/Z-Image-Turbo-GGUF", "z-image-turbo-Q4_K_M.gguf", 5'017'613'376,
                      "e6494f87de6abaf6a561924f50317a5f271fc34bb4222aabbd801197df8f7daa"),
                 file(kTextEncoder, "unsloth/Qwen3-4B-GGUF", "Qwen3-4B-Q4_K_M.gguf", 2'497'281'312,
                      "f6f851777709861056efcdad3af01da38b31223a3ba26e61a4f8bf3a2195813a"),
                 vae()}},
      {.name = "controlnet-2.1",
       .what = "a ControlNet that was trained to inpaint",
       .memory = "7 GB more",
       .files = {file(kControlNet21, kControl, "Z-Image-Turbo-Fun-Controlnet-Union-2.1-2602-8steps.safetensors",
                      6'712'485'600, "d1251cc7bc3486bc61d25c3be498ef394c31c85ddf4ee9137d2e933411f4a689")}},
      {.name = "controlnet-2.1-lite",
       .what = "a lite ControlNet, with 3 blocks instead of 15",
       .memory = "2 GB more",
       .files = {file(kControlNet21Lite, kControl,
                      "Z-Image-Turbo-Fun-Controlnet-Union-2.1-lite-2602-8steps.safetensors", 2'016'627'488,
                      "3ea098db9bd145be525c7e2366920b6d76c5ffd46b3d7aa8169bbc943fdaee35")}},
  };
  return sets;
}

}  // namespace zimage::app
