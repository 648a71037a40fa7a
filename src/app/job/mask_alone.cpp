#include "app/job/mask_alone.h"

#include <future>
#include <string>
#include <utility>
#include <vector>

#include "app/job/inputs.h"
#include "app/job/side_outputs.h"
#include "app/options/binding.h"
#include "base/log.h"
#include "base/text.h"
#include "codecs/image_file.h"
#include "image/mask_operations.h"

namespace zimage::app {

void write_mask_alone(const JobSpec& spec, Reporter& reporter) {
  std::future<MaskFile> reading = begin_mask(spec);
  Image picture = spec.stdin_picture ? codecs::decode_image(*spec.stdin_picture, spec.image_name()).image
                                     : codecs::read_image(spec.image).image;
  Mask mask = finish_mask(spec, picture, std::move(reading));
  grow_onto_canvas(spec, picture, mask);
  warn_of_transparency(spec, picture, mask);
  const Mask editable = grow_mask(mask, spec.feather);
  const std::vector<std::uint8_t> file = codecs::encode_image(mask_to_image(editable), {});
  check_beside(spec, spec.output.save_mask, [&] { return file; });
  write_beside(spec, spec.output.save_mask, file);
  log::notice(concat({"no prompt is given: only the mask is written, which repaints ", std::to_string(mask.count()),
                      mask.count() == 1 ? " pixel" : " pixels"}));
  JobReport report;
  report.options = reported_options(spec);
  report.options["prompt"] = nullptr;
  report.width = picture.width;
  report.height = picture.height;
  report.output = spec.output.save_mask;
  report.status = "ok";
  reporter.job(report);
}

}  // namespace zimage::app
