// Makes a picture's mask of annotations.
#pragma once

#include <string>

#include "app/job/annotations/annotations.h"
#include "app/options/job_spec.h"
#include "zimage/image.h"

namespace zimage::app {

struct AnnotationMask {
  Mask mask{};          ///< of the size that the file gives, else the picture's
  std::string empty{};  ///< if it repaints nothing: why, as the end of a sentence
  std::string hint{};
};

/// Draws the annotations of a job's picture, which has this size; those of one label if the mask's source names one. A
/// COCO file is asked for a picture of the same name, and if it has several, for the one in folders of the same names.
/// Says in the log what is left out. Errors: kInput for a picture or a label that isn't in the file, and
/// for damaged runs.
AnnotationMask mask_of_annotations(const JobSpec& spec, int width, int height);

}  // namespace zimage::app
