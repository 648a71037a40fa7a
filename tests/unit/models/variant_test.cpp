// The names are those of published files and folders.
#include "models/variant.h"

#include "support/catch.h"
#include "support/files.h"
#include "zimage/error.h"

namespace zimage {
namespace {

ConfigText scheduler(const std::string& shift, bool dynamic = false) {
  return {"scheduler/scheduler_config.json",
          R"({"_class_name":"FlowMatchEulerDiscreteScheduler","num_train_timesteps":1000,"shift":)" + shift +
              R"(,"use_dynamic_shifting":)" + (dynamic ? "true}" : "false}")};
}

const std::string kShard = "diffusion_pytorch_model-00001-of-00003.safetensors";

TEST_CASE("a file's name tells the variant where there is no scheduler config") {
  const std::pair<const char*, Variant> files[] = {
      // Comfy-Org/z_image_turbo, leejet, unsloth, jayn7, city96, Kijai, SeeSee21
      {"z_image_turbo_bf16.safetensors", Variant::kTurbo},
      {"z_image_turbo_int8_convrot.safetensors", Variant::kTurbo},
      {"z_image_turbo-Q4_0.gguf", Variant::kTurbo},
      {"z-image-turbo-Q4_K_M.gguf", Variant::kTurbo},
      {"z_image_turbo-Q5_K_S.gguf", Variant::kTurbo},
      {"z-image-turbo_fp8_scaled_e4m3fn_KJ.safetensors", Variant::kTurbo},
      {"zImageTurbo_turbo.safetensors", Variant::kTurbo},
      // Comfy-Org/z_image, jayn7/Z-Image-GGUF, unsloth/Z-Image-GGUF
      {"z_image_bf16.safetensors", Variant::kBase},
      {"z_image_fp8_scaled.safetensors", Variant::kBase},
      {"z_image_int8_convrot.safetensors", Variant::kBase},
      {"z_image_nvfp4.safetensors", Variant::kBase},
      {"z_image-Q4_K_M.gguf", Variant::kBase},
      {"z_image-Q8_0.gguf", Variant::kBase},
      {"z-image-UD-Q4_K_XL.gguf", Variant::kBase},
      {"z-image-IQ4_NL.gguf", Variant::kBase},
      {"z_image_base_bf16.safetensors", Variant::kBase},
      {"zImageBase_base.safetensors", Variant::kBase},
      {"zImageBase_realism_v2.safetensors", Variant::kBase},
      {"Z-Image-Base-BF16-ComfyUI.safetensors", Variant::kBase},
      {"z_image-00001-of-00002.safetensors", Variant::kBase},
      {"moodyMix_v10ZIB.safetensors", Variant::kBase},
      {"moodyMix_ZIB_v10.safetensors", Variant::kBase},
      // ostris/Z-Image-De-Turbo
      {"z_image_de_turbo_v1_bf16.safetensors", Variant::kDeTurbo},
      {"Z-Image-De-Turbo-Q8_0.gguf", Variant::kDeTurbo},
      {"zImageDeTurbo_v1.safetensors", Variant::kDeTurbo},
      {"z-image-deturbo.safetensors", Variant::kDeTurbo},
      {"handmade_turbo.safetensors", Variant::kTurbo},
      // GuangyuanSD/Z-Image-Distilled, inclusionAI/TwinFlow-Z-Image-Turbo
      {"RedZFUN-v6-ZIB-Distilled-AGILE-8steps-BF16-ComfyUI.safetensors", Variant::kTurbo},
      {"Z-Image-Distilled_v3_bf16.safetensors", Variant::kTurbo},
      {"z_image_base_8steps.safetensors", Variant::kTurbo},
      {"TwinFlow-Z-Image-Turbo-exp.safetensors", Variant::kTurbo},
      // Fine-tunes that don't say what they were made from.
      {"juggernautZ_v10ByRundiffusion.safetensors", Variant::kTurbo},
      {"zImageRealism_v2.safetensors", Variant::kTurbo},
      {"my-z-image.safetensors", Variant::kTurbo},
      {"database_v2.safetensors", Variant::kTurbo},
      {"model.safetensors", Variant::kTurbo},
      {"", Variant::kTurbo}};
  for (const auto& [file, variant] : files) {
    INFO(file);
    CHECK(std::string(to_string(detect_variant({}, file, "diffusion_models").variant)) == to_string(variant));
  }
}

TEST_CASE("a scheduler config tells the variant, and its shift is the default") {
  const std::tuple<const char*, const char*, Variant, double> folders[] = {
      {"6.0", "Z-Image", Variant::kBase, 6.0},
      {"6.0", "0f9a3c7e", Variant::kBase, 6.0},  // a snapshot in the cache of Hugging Face
      {"5", "anime-v2", Variant::kBase, 5.0},
      {"3.0", "Z-Image-Turbo", Variant::kTurbo, 3.0},
      {"3.0", "demo", Variant::kTurbo, 3.0},
      {"4.99", "Z-Image", Variant::kTurbo, 4.99},
      {"3.0", "Z-Image-De-Turbo", Variant::kDeTurbo, 3.0},
      {"6.0", "Z-Image-De-Turbo", Variant::kBase, 6.0}};
  for (const auto& [shift, folder, variant, expected] : folders) {
    INFO(folder << ", shift " << shift);
    const VariantChoice choice = detect_variant(scheduler(shift), kShard, folder);
    CHECK(std::string(to_string(choice.variant)) == to_string(variant));
    CHECK(choice.defaults.shift == expected);
  }
  CHECK(detect_variant(scheduler("6.0"), kShard, "x").reason.find("shift 6 in its scheduler_config.json") !=
        std::string::npos);
}

TEST_CASE("a scheduler config that computes its shift from the size leaves the decision to the folder's name") {
  for (const ConfigText& config : {scheduler("3.0", true), scheduler("null"), ConfigText{}}) {
    CHECK(detect_variant(config, kShard, "Z-Image").variant == Variant::kBase);
    CHECK(detect_variant(config, kShard, "models--Tongyi-MAI--Z-Image").variant == Variant::kBase);
    CHECK(detect_variant(config, kShard, "Z-Image").defaults.shift == 6.0);
    CHECK(detect_variant(config, kShard, "Z-Image-Turbo").variant == Variant::kTurbo);
    CHECK(detect_variant(config, kShard, "demo").variant == Variant::kTurbo);
  }
}

TEST_CASE("a file that lies in another variant's folder is what its name says") {
  const VariantChoice base = detect_variant(scheduler("3.0"), "z_image-Q4_K_M.gguf", "Z-Image-Turbo");
  CHECK(base.variant == Variant::kBase);
  CHECK(base.defaults.shift == 6.0);
  const VariantChoice turbo = detect_variant(scheduler("6.0"), "z_image_turbo_bf16.safetensors", "Z-Image");
  CHECK(turbo.variant == Variant::kTurbo);
  CHECK(turbo.defaults.shift == 3.0);
  CHECK(detect_variant(scheduler("7.0"), "z_image_bf16.safetensors", "Z-Image").defaults.shift == 7.0);
}

TEST_CASE("each variant has its own defaults") {
  const SamplingDefaults turbo = detect_variant({}, "z_image_turbo.safetensors", "").defaults;
  CHECK((turbo.steps == 8 && turbo.shift == 3.0 && turbo.guidance_scale == 1.0));
  const SamplingDefaults base = detect_variant({}, "z_image.safetensors", "").defaults;
  CHECK((base.steps == 30 && base.shift == 6.0 && base.guidance_scale == 4.0));
  const SamplingDefaults de_turbo = detect_variant({}, "z_image_de_turbo.safetensors", "").defaults;
  CHECK((de_turbo.steps == 25 && de_turbo.shift == 3.0 && de_turbo.guidance_scale == 3.0));
}

TEST_CASE("a damaged scheduler config is refused by its name, whatever the file is called") {
  for (const char* json : {"{", "[]", R"({"shift":"6"})", R"({"shift":0})", R"({"shift":-3})", R"({"shift":1e300})",
                           R"({"shift":3,"use_dynamic_shifting":"no"})", R"({"shift":3,"shift":6})"}) {
    INFO(json);
    const auto error = test::error_of([&] {
      detect_variant({"m/scheduler/scheduler_config.json", json}, "z_image_turbo.safetensors", "m");
    });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kModel);
    CHECK(error->message().find("scheduler_config.json") != std::string::npos);
  }
}

TEST_CASE("a name that would act on a terminal is shown escaped") {
  const VariantChoice choice = detect_variant({}, "z_image_turbo\x1b[2J.safetensors", "");
  CHECK(choice.reason.find('\x1b') == std::string::npos);
}

}  // namespace
}  // namespace zimage
