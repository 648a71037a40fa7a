#include "app/job/preview.h"

#include "app/job/outputs.h"
#include "app/job/side_outputs.h"
#include "codecs/image_file.h"
#include "image/display.h"
#include "image/geometry.h"
#include "image/overlay.h"

namespace zimage::app {
namespace {

/// The shares of the tint: what lies in the mask has both.
constexpr double kFeatherTint = 0.2;
constexpr double kMaskTint = 0.3;

}  // namespace

Image draw_preview(const RunningJob& job) {
  const PixelSource& source = *job.inputs->picture;
  Image drawn = to_8_bit_color(source.to_srgb ? source.to_srgb(source.image) : source.image);
  const int line = line_width(drawn.width, drawn.height);
  draw_tint(drawn, *job.work.editable, kFeatherTint);
  draw_tint(drawn, *job.inputs->mask, kMaskTint);
  draw_mask_edge(drawn, *job.work.editable, line);
  for (const WorkingRegion& region : job.work.regions) draw_box(drawn, box_of(region), line);
  return drawn;
}

JobReport finish_preview(const RunningJob& job, Reporter& reporter) {
  const JobSpec& spec = job.spec;
  const std::filesystem::path& path = spec.output.results.front().path;
  const Image drawn = draw_preview(job);
  if (spec.batch) make_folders(spec.output);
  write_side_outputs(job);
  write_beside(spec, path, codecs::encode_image(drawn, {}));
  JobReport report = job.report;
  report.status = "preview";
  report.output = path;
  if (reporter.wants_pictures()) reporter.show(without_alpha(drawn));
  reporter.job(report);
  return report;
}

}  // namespace zimage::app
