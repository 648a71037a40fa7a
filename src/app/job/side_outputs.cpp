#include "app/job/side_outputs.h"

#include "app/job/naming.h"
#include "app/job/preview.h"
#include "base/atomic_file.h"
#include "base/regular_file.h"
#include "codecs/image_file.h"
#include "image/canvas.h"
#include "image/geometry.h"
#include "image/mask.h"
#include "zimage/error.h"

namespace zimage::app {
namespace fs = std::filesystem;
namespace {

/// Returns whether a file holds just these bytes.
bool holds(const fs::path& path, const std::vector<std::uint8_t>& bytes) {
  std::error_code error;
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) != bytes.size()) return false;
  try {
    return read_bytes(path, bytes.size(), ErrorCode::kInput) == bytes;
  } catch (const Error&) {
    return false;  // it disappeared, or grew
  }
}

std::vector<std::uint8_t> mask_file_of(const RunningJob& job) {
  return codecs::encode_image(mask_to_image(*job.work.editable), {});
}

std::vector<std::uint8_t> crop_file_of(const RunningJob& job, std::size_t r) {
  const PixelSource& picture = *job.inputs->picture;
  const Image crop = crop_image(picture.image, box_of(job.work.regions[r]));
  return codecs::encode_image(picture.to_srgb ? picture.to_srgb(crop) : crop, {});
}

/// Returns where --save-crop writes region `r`.
fs::path crop_path(const RunningJob& job, std::size_t r) {
  const fs::path& path = job.spec.output.save_crop;
  return job.work.regions.size() == 1 ? path : numbered(path, static_cast<int>(r));
}

/// Checks the files of an output's steps. What should be in an existing one is known once it is made.
void check_steps_writable(const RunningJob& job, std::size_t k) {
  const JobSpec& spec = job.spec;
  const fs::path& steps = spec.output.results[k].steps_path;
  std::error_code ignored;
  if (steps.empty() || job.kept[k] || !fs::exists(steps.parent_path(), ignored)) return;
  const int total = job.work.forwards * static_cast<int>(job.work.regions.size());
  for (int step = 1; step <= total; ++step) {
    check_writable(step_path(steps, step, total), spec.overwrite || spec.skip_existing);
  }
}

}  // namespace

void write_beside(const JobSpec& spec, const fs::path& path, const std::vector<std::uint8_t>& bytes) {
  try {
    write_file_atomically(path, bytes, spec.overwrite);
  } catch (const Error&) {
    if (!spec.skip_existing || !holds(path, bytes)) throw;
  }
}

void check_beside(const JobSpec& spec, const fs::path& path, const std::function<std::vector<std::uint8_t>()>& file) {
  std::error_code ignored;
  const bool ours = spec.skip_existing && (!fs::exists(path, ignored) || holds(path, file()));
  check_writable(path, spec.overwrite || ours);
}

void check_side_outputs_writable(const RunningJob& job) {
  const JobSpec& spec = job.spec;
  const auto check = [&](const fs::path& path, const auto& file) {
    if (!path.empty()) check_beside(spec, path, file);
  };
  if (!spec.output.save_crop.empty() && (job.work.regions.size() > 1 || spec.skip_existing)) {
    for (std::size_t r = 0; r < job.work.regions.size(); ++r) {
      check(crop_path(job, r), [&] { return crop_file_of(job, r); });
    }
  }
  for (std::size_t k = 0; k < job.outputs(); ++k) check_steps_writable(job, k);
  if (!spec.skip_existing) return;
  if (spec.output.preview) {
    check(spec.output.results.front().path, [&] { return codecs::encode_image(draw_preview(job), {}); });
  }
  check(spec.output.save_mask, [&] { return mask_file_of(job); });
  for (std::size_t k = 0; k < job.outputs(); ++k) {
    const fs::path& latents = spec.output.results[k].latents_path;
    // What should be in an existing file of latents is known once they are made.
    if (!job.kept[k] && !latents.empty()) check_writable(latents, true);
  }
}

void write_side_outputs(const RunningJob& job) {
  const JobSpec& spec = job.spec;
  if (!spec.output.save_mask.empty()) write_beside(spec, spec.output.save_mask, mask_file_of(job));
  if (spec.output.save_crop.empty()) return;
  for (std::size_t r = 0; r < job.work.regions.size(); ++r) {
    write_beside(spec, crop_path(job, r), crop_file_of(job, r));
  }
}

}  // namespace zimage::app
