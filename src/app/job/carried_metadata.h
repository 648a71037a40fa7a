// Brings a picture's metadata into the form for the result, and says what of it is lost.
#pragma once

#include "app/options/job_spec.h"
#include "codecs/image_file.h"

namespace zimage::app {

/// Changes the metadata that was read from a picture of format `from` into the metadata for the job's result, without
/// the text in which an earlier run of this program described its own result. Logs what of the picture's file is lost.
void bring_to_format(const JobSpec& spec, codecs::ImageFormat from, codecs::ImageMetadata& metadata);

}  // namespace zimage::app
