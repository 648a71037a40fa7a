#include "app/job/resolve.h"

#include <algorithm>
#include <optional>
#include <random>

#include "app/job/naming.h"
#include "app/job/outputs.h"
#include "app/job/stdin_picture.h"
#include "app/options/available.h"
#include "app/options/special_bindings.h"
#include "app/provenance/replay.h"
#include "base/log.h"
#include "base/regular_file.h"
#include "base/text.h"
#include "base/text_encoding.h"

namespace zimage::app {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kPromptLimit = 1024 * 1024;

void check_picture_and_mask(const Settings& settings) {
  if (!settings.has("image")) {
    throw Error(ErrorCode::kUsage, "no picture is given", "give --image PATH; --help shows examples");
  }
  if (!settings.has("mask") && !parse_borders(settings.text("outpaint")).any()) {
    throw Error(ErrorCode::kUsage, "no mask is given",
                "give --mask PATH, a shape such as --mask rect:10,20,200,100, or --mask alpha for the picture's own "
                "transparency");
  }
}

void check_combinations(const Settings& settings) {
  check_picture_and_mask(settings);
  if (!settings.has("prompt") && !settings.has("prompt-file") && !settings.has("preview")) {
    throw Error(ErrorCode::kUsage, "no prompt is given", "give --prompt TEXT or --prompt-file FILE");
  }
  if (settings.has("prompt") && settings.has("prompt-file")) {
    throw Error(ErrorCode::kUsage, "--prompt and --prompt-file are both given", "leave one out");
  }
  if (settings.has("control-image") && !settings.has("controlnet")) {
    throw Error(ErrorCode::kUsage, "--control-image does nothing without a ControlNet",
                "give --controlnet, or leave out --control-image");
  }
  if (settings.text("image") == "-" && !settings.has("output") && !settings.has("preview")) {
    throw Error(ErrorCode::kUsage, "the picture comes from stdin, so there is no name for the result to follow",
                "give --output FILE, or --output - for stdout");
  }
  if (settings.text("output") == "-" && settings.flag("json")) {
    throw Error(ErrorCode::kUsage, "--output - and --json both write to stdout", "give --output a file");
  }
}

std::string read_prompt(const Settings& settings) {
  if (settings.has("prompt-file")) {
    const fs::path path = settings.text("prompt-file");
    std::string text =
        utf8_text(read_text_file(path, kPromptLimit, ErrorCode::kInput), path.string(), ErrorCode::kInput);
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

/// Says that a prompt is empty. It may be meant so, as an empty file may be a mistake.
void say_empty(const Settings& settings, const JobSpec& spec) {
  if (settings.has("preview")) return;  // it needs no prompt
  if (spec.prompt.find_first_not_of(" \t\r\n") != std::string::npos) return;
  const bool file = settings.has("prompt-file");
  log::write(spec.batch && !file ? log::Level::kInfo : log::Level::kNotice,
             concat({file ? concat({"the prompt in ", printable(settings.text("prompt-file"))}) : "the prompt",
                     " is empty: nothing says what the picture should show"}));
}

std::string resolve_negative_prompt(const Settings& settings) {
  std::string prompt = settings.text("negative-prompt");
  require_utf8(prompt);
  return prompt;
}

void resolve_seed(const Settings& settings, const JobPlace& place, JobSpec& spec) {
  // 32 bits are enough for seeds to differ, and easy to note down.
  if (!spec.seed_given) spec.seed = place.random_seed ? *place.random_seed : std::random_device{}();
  const auto count = static_cast<std::uint64_t>(settings.integer("num-images"));
  if (spec.seed > UINT64_MAX - (count - 1)) {
    throw Error(ErrorCode::kUsage, "--seed plus --num-images goes beyond 18446744073709551615",
                "give a smaller --seed");
  }
}

/// Reads the first bytes of the picture, or all of it from stdin, which can't be read twice.
void look_at_picture(JobSpec& spec) {
  if (spec.image != "-") {
    check_available_path("image", spec.image);
    spec.input_format = codecs::identify_image(spec.image);
    return;
  }
  spec.stdin_picture = read_stdin_picture();
  spec.input_format = codecs::identify_image(*spec.stdin_picture, "stdin");
}

void look_at_inputs(JobSpec& spec) {
  check_available_path("mask", spec.mask.path);
  if (spec.mask.path == "-" || spec.control_image == "-") {
    throw Error(ErrorCode::kUsage,
                std::string(spec.mask.path == "-" ? "--mask" : "--control-image") + " - : stdin is for --image alone",
                "give a file");
  }
  look_at_picture(spec);
  if (!spec.control_image.empty()) check_available_path("control-image", spec.control_image);
}

}  // namespace

std::vector<std::string> resolve_prompts(const Settings& settings, const SamplingDefaults& defaults) {
  std::vector<std::string> prompts = {resolve_prompt(settings)};
  Sampling sampling;
  if (settings.has("guidance-scale")) sampling.guidance_scale = settings.number("guidance-scale");
  if (sampling.resolved(defaults).guided()) prompts.push_back(resolve_negative_prompt(settings));
  return prompts;
}

std::vector<std::string> prompts_of(const JobSpec& spec) {
  std::vector<std::string> prompts{spec.prompt};
  if (spec.sampling.guided()) prompts.push_back(spec.negative_prompt);
  return prompts;
}

void check_device(const std::string& device) {
  const bool digits = device.size() > 5 && device.size() < 9 && device.starts_with("cuda:") &&
                      device.find_first_not_of("0123456789", 5) == std::string::npos;
  if (device != "auto" && device != "cpu" && device != "cuda" && !digits) {
    throw Error(ErrorCode::kUsage, "--device can't be '" + device + "'", "give auto, cpu, cuda or cuda:N");
  }
}

void check_model(const JobSpec& spec) {
  const ModelPaths& model = spec.model;
  if (model.model.empty()) {
    throw Error(ErrorCode::kModel, "no model is given, and the bundled demo model is not there",
                "give --model or set ZIMAGE_MODEL");
  }
  std::error_code status;
  if (!fs::exists(model.model, status)) {
    throw Error(ErrorCode::kModel, "there is no model " + model.model.string(),
                "--model takes a diffusers folder, a Z-Image DiT's file or ComfyUI's folder of models");
  }
  // A relative path may also name a file of the ComfyUI folder that the model is in, which find_model() looks into.
  if (model.controlnet.is_absolute() && !fs::exists(model.controlnet, status)) {
    throw Error(ErrorCode::kModel, "there is no ControlNet " + model.controlnet.string(),
                "--controlnet takes a file of weights or its folder");
  }
}

JobSpec resolve(Settings& settings, const JobPlace& place) {
  settings.check_values();
  check_available(settings);
  JobSpec spec;
  spec.batch = place.batch;
  spec.replay_metadata = apply_replay(settings);
  check_combinations(settings);
  bind_options(settings, spec);
  spec.prompt = resolve_prompt(settings);
  say_empty(settings, spec);
  require_utf8(spec.negative_prompt);
  resolve_seed(settings, place, spec);
  look_at_inputs(spec);
  resolve_outputs(settings, place, spec);
  check_device(spec.compute.device);
  check_model(spec);
  return spec;
}

bool asks_for_mask_alone(const Settings& settings) {
  if (!settings.has("save-mask") || settings.flag("dry-run")) return false;
  const auto others = {"prompt",  "prompt-file",   "output", "save-crop", "save-latents",
                       "preview", "save-previews", "golden", "replay"};
  return std::none_of(others.begin(), others.end(), [&](const char* name) { return settings.has(name); });
}

JobSpec resolve_mask_alone(const Settings& settings) {
  settings.check_values();
  check_available(settings);
  check_picture_and_mask(settings);
  JobSpec spec;
  bind_options(settings, spec);
  look_at_inputs(spec);
  resolve_save_mask(settings, spec);
  return spec;
}

}  // namespace zimage::app
