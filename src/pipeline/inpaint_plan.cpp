// Plans a run: decides everything that follows from a request and the model's headers, before a weight is read.
#include <algorithm>
#include <memory>

#include "image/crop.h"
#include "image/geometry.h"
#include "image/mask_operations.h"
#include "inpaint/prompt.h"
#include "models/patchify.h"
#include "pipeline/inpaint.h"
#include "pipeline/inpaint_job.h"
#include "pipeline/strategy.h"
#include "zimage/error.h"

namespace zimage {
namespace {

void check_request(const Request& request) {
  if (request.picture == nullptr || request.picture->image.empty()) {
    throw Error(ErrorCode::kInput, "the picture is empty");
  }
  const Image& image = request.picture->image;
  if (request.mask == nullptr || request.mask->width != image.width || request.mask->height != image.height) {
    throw Error(ErrorCode::kInput, "the mask and the picture have different sizes");
  }
  if (request.mask->soft() && request.mask->level.size() != request.mask->repaint.size()) {
    throw Error(ErrorCode::kInput, "the mask's levels don't match its size");
  }
  if (request.mask->none()) throw Error(ErrorCode::kInput, "the mask is empty: nothing is to be repainted");
}

/// Rejects a region that is too large for the DiT, which would find that itself only once its weights are read.
void check_reach(const WorkingRegion& region, const DiTConfig& config) {
  const std::int64_t reach = config.max_latent_side() * VAEConfig::kScale;
  if (std::max(region.working_width, region.working_height) <= reach) return;
  throw Error(ErrorCode::kInput, "the picture is larger than the model's position tables allow",
              "at most " + std::to_string(reach) + " pixels a side");
}

}  // namespace

WorkSize largest_work(std::span<const Work> works) {
  WorkSize size{.pictures = static_cast<std::int64_t>(works.size())};
  for (const Work& work : works) {
    for (const WorkingRegion& region : work.regions) {
      if (std::int64_t{region.working_width} * region.working_height <= size.width * size.height) continue;
      size.width = region.working_width;
      size.height = region.working_height;
    }
  }
  return size;
}

std::vector<WorkingRegion> InpaintPipeline::regions_of(const Request& request) const {
  const Image& picture = request.picture->image;
  if (request.crop == CropMode::kOff) return {whole_picture(picture.width, picture.height)};
  CropOptions options;
  options.area = 1e6 * (request.megapixels > 0.0 ? request.megapixels : models_.info().native_megapixels);
  options.padding = request.padding;
  options.feather = request.feather;
  options.max_side = static_cast<int>(models_.dit_config().max_latent_side() * VAEConfig::kScale);
  options.single = !request.composite;
  return crop_regions(*request.mask, options);
}

Work InpaintPipeline::plan(const Request& request) const {
  check_request(request);
  Work work;
  work.request = request;
  work.request.sampling = request.sampling.resolved(models_.info().defaults);
  work.strategy = choose_strategy(models_, request);
  work.regions = regions_of(request);
  for (const WorkingRegion& region : work.regions) check_reach(region, models_.dit_config());
  work.sigmas = plan_sigmas(work.request.sampling);
  work.forwards = count_forwards(work.sigmas);
  work.guided_forwards = count_guided_forwards(work.request.sampling, work.sigmas);
  work.memory = models_.memory_for(largest_work({&work, 1}));
  work.editable = std::make_shared<const Mask>(grow_mask(*request.mask, request.feather));
  return work;
}

bool InpaintPipeline::can_share(const Work& a, const Work& b) const {
  const Request& first = a.request;
  const Request& second = b.request;
  if (first.sampling != second.sampling || first.mask->soft() != second.mask->soft()) return false;
  if ((first.control_image == nullptr) != (second.control_image == nullptr)) return false;
  if (a.regions.size() != 1 || b.regions.size() != 1) return false;
  if (a.regions[0].working_width != b.regions[0].working_width) return false;
  if (a.regions[0].working_height != b.regions[0].working_height) return false;
  // A caption is padded to a multiple of 32 and attended to without a mask, so only equal lengths can share.
  const auto padded = [&](const std::string& prompt) {
    return padded_count(static_cast<std::int64_t>(tokenize_prompt(models_.tokenizer(), prompt).ids.size()));
  };
  if (padded(first.prompt) != padded(second.prompt)) return false;
  return !first.sampling.guided() || padded(first.negative_prompt) == padded(second.negative_prompt);
}

}  // namespace zimage
