// The picture of a job as its file has it, beside the sRGB working copy that the model sees.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "app/job/turned_jpeg.h"
#include "codecs/image_file.h"
#include "codecs/jpeg/jpeg_ahead.h"
#include "codecs/metadata/color_profile.h"
#include "image/geometry.h"
#include "zimage/inpainter.h"

namespace zimage::app {

struct Plan;

/// What of the picture's file goes into the result's.
struct PictureSource {
  /// The picture in its own colour space and depth, on the canvas of --outpaint; empty where the working copy
  /// (`Request::image`) is that picture itself.
  Image original;
  std::optional<codecs::ColorProfile> profile;  ///< the original's, where there is one
  codecs::Carried carried;                      ///< of a profile that fits: one that doesn't is left out
  std::vector<std::uint8_t> jpeg;               ///< the file's bytes, if it is a JPEG and the result will be one
  /// Where the file has to be turned, how that changes it: once `jpeg_ahead` has been taken. Null where nobody looks.
  std::shared_ptr<TurnedJpeg> turned{};
  std::shared_ptr<codecs::JpegAhead> jpeg_ahead{};  ///< `jpeg`, read ahead for the first result; null where nobody does
};

/// Reads the picture into `plan.request.image` (in its own colours) and fills `plan.source` and `plan.input_format`.
/// Errors: kInput as codecs::read_image().
void read_source(Plan& plan);

/// Where the picture has a colour profile other than sRGB's, its pixels go to `plan.source` and the request gets a
/// 16-bit sRGB copy. With regions the result will go back into the profile: then the copy has what it may change alone,
/// elsewhere it is 0 and takes no memory, and the regions are taken from the picture (`Request::own_colors`); null: of
/// all of the picture. The copy is made on another thread (`Request::image_ready`); the plan stays where it is from now
/// on. A dry run, which nobody will look at, stays as it is.
void make_working_copy(Plan& plan, const std::vector<WorkingRegion>* regions);

/// A part of the picture as the model gets it, in sRGB, at its own size.
Image part_in_srgb(const Plan& plan, const Box& box);

/// A picture in sRGB, for the model alone. Errors: kInput as codecs::read_image().
Image read_in_srgb(const std::filesystem::path& path);

}  // namespace zimage::app
