// Reads a job's files: the picture in its source colour space, its mask, and the metadata that the result's file keeps.
#pragma once

#include <cstdint>
#include <filesystem>
#include <future>
#include <memory>
#include <vector>

#include "app/job/mask_file.h"
#include "app/options/job_spec.h"
#include "codecs/image_file.h"
#include "codecs/metadata/color_profile.h"
#include "zimage/request.h"

namespace zimage::app {

/// A job's inputs, which nobody changes once they are read. Not copyable: requests and patches refer to what is in it.
struct LoadedInputs {
  LoadedInputs() = default;
  LoadedInputs(const LoadedInputs&) = delete;
  LoadedInputs& operator=(const LoadedInputs&) = delete;

  const Image& image() const { return picture->image; }

  std::shared_ptr<const PixelSource> picture;           ///< in the source colour space, on the canvas of --outpaint
  std::shared_ptr<const Mask> mask;                     ///< of the picture's size: thresholded, filled and grown
  std::shared_ptr<const Image> control_image;           ///< in sRGB; null: none
  std::shared_ptr<const codecs::ColorProfile> profile;  ///< the picture's; null: sRGB
  codecs::ImageMetadata metadata;                       ///< from the picture's file, without a profile that doesn't fit
  /// The picture's file, if it and the result are JPEGs and the result is to be coded like it; another thread fills it
  /// in. Invalid: the result is coded by itself.
  std::shared_future<std::shared_ptr<const codecs::JpegOrigin>> jpeg;
};

/// Reads picture, mask and control image. Errors: kInput for a file that is not a picture, a mask of another aspect
/// ratio or one that repaints nothing, and a canvas of more than 2^28 pixels.
std::unique_ptr<const LoadedInputs> read_inputs(const JobSpec& spec);

/// Returns the picture of a result's file as screens show it: 8-bit sRGB without alpha. Errors: kInput.
Image shown_picture(const std::vector<std::uint8_t>& file);

/// Makes the library's request for a job.
Request make_request(const JobSpec& spec, const LoadedInputs& inputs);

/// Starts reading the mask's picture on another thread, because a large one takes as long as the job's picture. Invalid
/// for a mask that needs the job's picture.
std::future<MaskFile> begin_mask(const JobSpec& spec);

/// Makes a job's mask for its picture: inverted, filled and grown as the options say, but not yet on the canvas of
/// --outpaint. Logs what is odd about it. Errors: kInput for a mask that can't be read, that has another aspect ratio,
/// or that repaints nothing, unless --outpaint gives the job something to paint.
Mask finish_mask(const JobSpec& spec, const Image& picture, std::future<MaskFile> reading);

/// Grows picture and mask onto the canvas of --outpaint, if there is one. Errors: kInput for more than 2^28 pixels.
void grow_onto_canvas(const JobSpec& spec, Image& picture, Mask& mask);

/// Logs which properties of the picture the result's format can't hold.
void warn_about_losses(const JobSpec& spec, const LoadedInputs& inputs);

}  // namespace zimage::app
