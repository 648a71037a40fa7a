#include "app/job/resolve.h"

#include <algorithm>
#include <future>
#include <optional>
#include <random>

#include "app/job/naming.h"
#include "app/job/outputs.h"
#include "app/job/resolve_mask.h"
#include "app/job/source.h"
#include "app/options/available.h"
#include "app/provenance/replay.h"
#include "base/log.h"
#include "base/regular_file.h"
#include "base/run_async.h"
#include "base/text.h"

namespace zimage::app {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kPromptLimit = 1024 * 1024;

void check_combinations(const Settings& settings) {
  if (!settings.has("image")) {
    throw Error(ErrorCode::kUsage, "no picture is given", "give --image PATH; --help shows examples");
  }
  if (!settings.has("mask") && !parse_borders(settings.text("outpaint")).any()) {
    throw Error(ErrorCode::kUsage, "no mask is given", "give --mask PATH, or --mask alpha for the picture's own");
  }
  if (!settings.has("prompt") && !settings.has("prompt-file")) {
    throw Error(ErrorCode::kUsage, "no prompt is given", "give --prompt TEXT or --prompt-file FILE");
  }
  if (settings.has("prompt") && settings.has("prompt-file")) {
    throw Error(ErrorCode::kUsage, "--prompt and --prompt-file are both given", "leave one out");
  }
  if (settings.has("control-image") && !settings.has("controlnet")) {
    throw Error(ErrorCode::kUsage, "--control-image does nothing without a ControlNet",
                "give --controlnet, or leave it out");
  }
  if (settings.text("output") == "-" && settings.flag("json")) {
    throw Error(ErrorCode::kUsage, "--output - and --json both want stdout", "give --output a file");
  }
}

std::string read_prompt(const Settings& settings) {
  if (settings.has("prompt-file")) {
    const fs::path path = settings.text("prompt-file");
    std::string text = read_text_file(path, kPromptLimit, ErrorCode::kInput);
    if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
    if (!is_plain_utf8(text)) throw Error(ErrorCode::kInput, path.string() + " is not UTF-8 text", "save it as UTF-8");
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return text;
  }
  return settings.text("prompt");
}

void require_utf8(const std::string& text) {
  if (!is_plain_utf8(text)) throw Error(ErrorCode::kUsage, "a prompt is not UTF-8 text", "check the terminal's locale");
}

std::string resolve_prompt(const Settings& settings) {
  std::string prompt = read_prompt(settings);
  require_utf8(prompt);
  return prompt;
}

std::string resolve_negative_prompt(const Settings& settings) {
  std::string prompt = settings.text("negative-prompt");
  require_utf8(prompt);
  return prompt;
}

void resolve_sampling(const Settings& settings, const JobPlace& place, Plan& plan) {
  Request& request = plan.request;
  request.steps = static_cast<int>(settings.integer("steps"));
  request.shift = settings.number("shift");
  request.guidance_scale = settings.number("guidance-scale");
  request.strength = settings.number("strength");
  request.sampler = settings.text("sampler") == "euler" ? SamplerKind::kEuler : SamplerKind::kResMultistep;
  plan.strategy = settings.text("strategy");
  request.strategy = plan.strategy == "controlnet" ? Strategy::kControlNet
                     : plan.strategy == "repaint"  ? Strategy::kRepaint
                                                   : Strategy::kAuto;
  if (settings.has("controlnet") && settings.has("control-scale")) {
    request.control_scale = settings.number("control-scale");
  }
  request.jump_length = static_cast<int>(settings.integer("jump-length"));
  request.jump_count = static_cast<int>(settings.integer("jump-count"));
  request.crop = settings.text("crop") == "auto" ? CropMode::kAuto : CropMode::kOff;
  if (settings.has("padding")) request.padding = static_cast<int>(settings.integer("padding"));
  if (settings.has("megapixels")) request.megapixels = settings.number("megapixels");
  request.composite = settings.flag("composite");
  request.feather = static_cast<int>(settings.integer("feather"));
  request.color_match = settings.flag("color-match");
  const auto seed = settings.seed();
  plan.seed_given = seed.has_value();
  // 32 bits are enough to differ, and easy to note down.
  request.seed = seed ? *seed : place.random_seed ? *place.random_seed : std::random_device{}();
  const auto count = static_cast<std::uint64_t>(settings.integer("num-images"));
  if (request.seed > UINT64_MAX - (count - 1)) {
    throw Error(ErrorCode::kUsage, "--seed plus --num-images goes beyond 18446744073709551615",
                "give a smaller --seed");
  }
}

void resolve_inputs(const Settings& settings, Plan& plan) {
  plan.image_path = settings.text("image");
  resolve_mask_options(settings, plan);
  check_available_path("image", plan.image_path);
  check_available_path("mask", plan.mask_path);
  plan.input_format = codecs::identify_image(plan.image_path);
  if (!settings.has("control-image")) return;
  plan.control_image_path = settings.text("control-image");
  check_available_path("control-image", plan.control_image_path);
}

}  // namespace

std::vector<std::string> resolve_prompts(const Settings& settings) {
  std::vector<std::string> prompts = {resolve_prompt(settings)};
  if (settings.number("guidance-scale") != 1.0) prompts.push_back(resolve_negative_prompt(settings));
  return prompts;
}

void resolve_compute(const Settings& settings, Plan& plan) {
  const std::string device = settings.text("device");
  const bool digits = device.size() > 5 && device.size() < 9 && device.starts_with("cuda:") &&
                      device.find_first_not_of("0123456789", 5) == std::string::npos;
  if (device != "auto" && device != "cpu" && device != "cuda" && !digits) {
    throw Error(ErrorCode::kUsage, "--device can't be '" + device + "'", "give auto, cpu, cuda or cuda:N");
  }
  plan.compute = {device, settings.text("dtype"), static_cast<int>(settings.integer("threads"))};
}

void resolve_model(const Settings& settings, Plan& plan) {
  plan.model_given = settings.has("model") && !settings.given_by("model", Source::kEnvironment);
  plan.model.model = settings.has("model") ? fs::path(settings.text("model")) : bundled_model();
  plan.model.text_encoder = settings.text("text-encoder");
  plan.model.tokenizer = settings.text("tokenizer");
  plan.model.vae = settings.text("vae");
  plan.model.controlnet = settings.text("controlnet");
  if (plan.model.model.empty()) {
    throw Error(ErrorCode::kModel, "no model is given, and the bundled demo model is not there",
                "give --model or set ZIMAGE_MODEL");
  }
  for (const char* name : {"model", "text-encoder", "tokenizer", "vae", "controlnet"})
    check_available_path(name, settings.text(name));
  std::error_code status;
  if (!fs::exists(plan.model.model, status)) {
    throw Error(ErrorCode::kModel, "there is no model " + plan.model.model.string(),
                "--model takes a diffusers folder or the DiT's safetensors file");
  }
  if (!plan.model.controlnet.empty() && !fs::exists(plan.model.controlnet, status)) {
    throw Error(ErrorCode::kModel, "there is no ControlNet " + plan.model.controlnet.string(),
                "--controlnet takes a safetensors file or its folder");
  }
}

Plan resolve(Settings& settings, const JobPlace& place) {
  settings.check_values();
  check_available(settings);
  Plan plan;
  plan.batch = place.batch;
  plan.replay_metadata = apply_replay(settings);
  check_combinations(settings);
  plan.request.prompt = resolve_prompt(settings);
  plan.request.negative_prompt = resolve_negative_prompt(settings);
  resolve_sampling(settings, place, plan);
  resolve_inputs(settings, plan);
  resolve_outputs(settings, place, plan);
  resolve_compute(settings, plan);
  resolve_model(settings, plan);
  plan.dry_run = settings.flag("dry-run");
  return plan;
}

void read_inputs(Plan& plan) {
  // Beside the picture: of large ones it takes about as long. The picture's error comes first, whichever is found
  // first.
  std::future<Mask> mask;
  if (!plan.mask_path.empty()) {
    mask = ahead([reading = plan.mask_reading, path = plan.mask_path] { return read_mask_file(path, reading); });
  }
  read_source(plan);
  resolve_mask(plan, mask.valid() ? std::optional(mask.get()) : std::nullopt);
  if (!plan.control_image_path.empty()) plan.request.control_image = read_in_srgb(plan.control_image_path);
  warn_about_losses(plan);
}

}  // namespace zimage::app
