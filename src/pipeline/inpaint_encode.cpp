// The stages before denoising: they turn prompt, picture and control image into the model's inputs.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "image/canvas.h"
#include "image/mask_operations.h"
#include "inpaint/control_context.h"
#include "inpaint/pixels.h"
#include "inpaint/prompt.h"
#include "nn/tap.h"
#include "pipeline/inpaint_job.h"

namespace zimage {
namespace {

/// Returns the part of a control image that lies over a region. The control image covers the whole picture.
Box control_box(const Image& control, const Image& picture, const WorkingRegion& region) {
  const auto scaled = [](int place, int side, int of) {
    return static_cast<int>(std::lround(static_cast<double>(place) * side / of));
  };
  const int left = std::min(scaled(region.x, control.width, picture.width), control.width - 1);
  const int top = std::min(scaled(region.y, control.height, picture.height), control.height - 1);
  const int right = scaled(region.x + region.width, control.width, picture.width);
  const int bottom = scaled(region.y + region.height, control.height, picture.height);
  return {left, top, std::max(right - left, 1), std::max(bottom - top, 1)};
}

/// Returns a region at its working size, in sRGB, as to_pixels() does. One that shrinks is brought to sRGB after that.
at::Tensor region_pixels(const PixelSource& picture, const WorkingRegion& region) {
  const Box box = box_of(region);
  const int height = region.working_height;
  const int width = region.working_width;
  const Image& image = picture.image;
  if (!picture.to_srgb) return to_pixels(image, box, height, width);
  const bool shrinks = std::int64_t{height} * width < std::int64_t{box.height} * box.width;
  const Image part = shrinks ? to_image(to_pixels(image, box, height, width), image.color_channels(), image.bit_depth)
                             : crop_image(image, box);
  return to_pixels(picture.to_srgb(part), {0, 0, part.width, part.height}, height, width);
}

}  // namespace

Error not_finite(const char* what, const char* when) {
  return {ErrorCode::kModel, concat({what, " are not finite numbers", when}),
          "the model's weights don't fit together, or the dtype's range is too small: try --dtype fp32"};
}

void require_finite(const at::Tensor& values, const char* what) {
  if (!at::isfinite(values).all().item<bool>()) throw not_finite(what);
}

EncodedPrompt InpaintPipeline::encode_prompt(Job& job, const std::string& prompt) {
  if (const auto known = prompts_.find(prompt)) return *known;
  const PromptTokens tokens = tokenize_prompt(models_.tokenizer(), prompt);
  if (tokens.full_length > tokens.ids.size()) {
    log::warning("the prompt has " + std::to_string(tokens.full_length) + " tokens; the model reads the first " +
                 std::to_string(tokens.ids.size()));
  }
  const TextEncoder& encoder =
      job.load(models_.has_text_encoder(), [&]() -> const TextEncoder& { return models_.text_encoder(); });
  load_ahead(job);
  job.begin("encode prompt");
  // Embeddings stay in the host's memory: the device's is for what it works on.
  EncodedPrompt encoded{encoder.forward(tokens.ids).cpu(), static_cast<std::int64_t>(tokens.ids.size())};
  require_finite(encoded.embeds, "the prompt's embeddings");
  prompts_.add(prompt, encoded);
  return encoded;
}

void InpaintPipeline::encode_prompts(Job& job) {
  const Request& request = job.request();
  const EncodedPrompt positive = encode_prompt(job, request.prompt);
  job.positive_embeds = positive.embeds;
  job.result.prompt_tokens = positive.tokens;
  if (request.sampling.guided()) job.negative_embeds = encode_prompt(job, request.negative_prompt).embeds;
  if (models_.text_encoder_is_leaving()) {
    // Loading the encoder takes longer than encoding a prompt, so the expected prompts are encoded while it is loaded.
    while (const auto next = prompts_.next_missing()) encode_prompt(job, *next);
  }
  models_.finish_text_encoder();
  load_ahead(job);
}

void InpaintPipeline::load_ahead(Job& job) {
  if (!models_.may_load_dit_ahead()) return;
  job.load(models_.has_vae(), [&]() -> const VAE& { return models_.vae(); });
  models_.load_dit_ahead();
}

void InpaintPipeline::refine_captions(Job& job) {
  const std::int64_t height = job.region.working_height / VAEConfig::kScale;
  const std::int64_t width = job.region.working_width / VAEConfig::kScale;
  const DiT& dit = job.load(models_.has_dit(), [&]() -> const DiT& { return models_.dit(); });
  job.begin("encode prompt");
  job.positive = dit.prepare(job.positive_embeds, height, width);
  if (job.negative_embeds.defined()) job.negative = dit.prepare(job.negative_embeds, height, width);
  job.refined = true;
}

void InpaintPipeline::embed_control(Job& job) {
  if (!job.control_latents.defined()) return;
  const ControlNet& controlnet =
      job.load(models_.has_loaded_controlnet(), [&]() -> const ControlNet& { return models_.controlnet(); });
  job.begin("encode picture");
  const double scale = job.sampling().control_scale.value_or(models_.info().control_scale);
  job.control = controlnet.prepare(job.control_latents, models_.dit().x_pad_token(), scale);
}

void InpaintPipeline::encode_picture(Job& job) {
  const Request& request = job.request();
  models_.begin_vae_work();
  const VAE& vae = job.load(models_.has_vae(), [&]() -> const VAE& { return models_.vae(); });
  job.begin("encode picture");
  const int height = job.region.working_height;
  const int width = job.region.working_width;
  job.pixels = region_pixels(*request.picture, job.region);
  const Mask fitted = resize_mask(*request.mask, box_of(job.region), width, height);
  job.mask = to_mask_tensor(fitted);
  job.blend.latent = vae.encoder.encode(job.pixels, models_.vae_strip_rows(height, width));
  require_finite(job.blend.latent, "the picture's latents");
  if (job.observer.wants_previews()) fit_colors(job);
  job.blend.mask = latent_mask(job.mask);
  if (fitted.soft()) job.blend.level = latent_mask(to_level_tensor(fitted));
  // Every region starts from a fresh generator, so that it doesn't depend on the others.
  job.noise.emplace(request.seed);
  job.blend.noise = job.noise->draw(job.blend.latent.sizes().vec());
  if (models_.has_controlnet()) job.control_latents = control_latents(job);
  tap("pipeline.latent", job.blend.latent);
  tap("pipeline.noise", job.blend.noise);
  tap("pipeline.mask", job.blend.mask);
}

/// Returns the ControlNet's input; undefined if its hints are of scale 0. They would change nothing, so none are
/// computed, and the forward is the base model's to the last bit.
at::Tensor InpaintPipeline::control_latents(Job& job) {
  const Request& request = job.request();
  if (request.sampling.control_scale.value_or(models_.info().control_scale) == 0.0) return {};
  const VAE& vae = models_.vae();
  const std::int64_t rows = models_.vae_strip_rows(job.region.working_height, job.region.working_width);
  at::Tensor control;
  if (request.control_image != nullptr) {
    const at::Tensor pixels =
        to_pixels(*request.control_image, control_box(*request.control_image, request.picture->image, job.region),
                  job.region.working_height, job.region.working_width);
    control = vae.encoder.encode(pixels, rows);
  }
  at::Tensor context = control;
  if (models_.controlnet_config().inpaints()) {
    const at::Tensor hole = vae.encoder.encode(inpaint_pixels(job.pixels, job.mask), rows);
    context = inpaint_control_context(control, job.mask, hole);
  }
  require_finite(context, "the control context's values");
  tap("pipeline.control_context", context);
  return context;
}

}  // namespace zimage
