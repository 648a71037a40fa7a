// The files of a job, read: the picture as its file has it, its mask, and what of the file the result's keeps.
#pragma once

#include <cstdint>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <vector>

#include "app/options/job_spec.h"
#include "codecs/image_file.h"
#include "codecs/metadata/color_profile.h"
#include "zimage/request.h"

namespace zimage::app {

/// Once read, nobody changes it. Requests and patches refer to what is in it, so it can't be copied.
struct LoadedInputs {
  LoadedInputs() = default;
  LoadedInputs(const LoadedInputs&) = delete;
  LoadedInputs& operator=(const LoadedInputs&) = delete;

  const Image& image() const { return picture->image; }

  std::shared_ptr<const PixelSource> picture;           ///< in its own colour space, on the canvas of --outpaint
  std::shared_ptr<const Mask> mask;                     ///< of its size: thresholded, filled and grown
  std::shared_ptr<const Image> control_image;           ///< in sRGB; null: none
  std::shared_ptr<const codecs::ColorProfile> profile;  ///< the picture's, where that isn't sRGB's; null: it is
  codecs::Carried carried;  ///< of the picture's file; a profile that doesn't fit is left out
  /// The picture's file, if it and the result are JPEGs: made on another thread. Invalid: they aren't.
  std::shared_future<std::shared_ptr<const codecs::JpegOrigin>> jpeg;
};

/// Reads picture, mask and control image. Errors: kInput: a file that is no picture, a mask of another aspect or one
/// that repaints nothing, a canvas of more than 2^28 pixels.
std::unique_ptr<const LoadedInputs> read_inputs(const JobSpec& spec);

/// What the library is asked for.
Request make_request(const JobSpec& spec, const LoadedInputs& inputs);

/// The mask that a job asks for, on the picture `image` and before it is grown onto the canvas of --outpaint. `file`:
/// its mask file's, empty where it has none. Errors: kInput.
Mask make_mask(const JobSpec& spec, const Image& image, std::optional<Mask> file);

/// Says in the log what the result's format can't hold of the picture.
void warn_about_losses(const JobSpec& spec, const LoadedInputs& inputs);

}  // namespace zimage::app
