// Reads a mask's file, and says what is odd about a mask in words that help.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "app/options/job_spec.h"
#include "image/mask_levels.h"

namespace zimage::app {

/// What a mask's values look like, for the messages about it.
struct MaskFacts {
  std::optional<std::string> threshold;  ///< useful_threshold() of the values as they are read, inverted or not
  int darkest = 0;    ///< in the image's own depth; of alpha: the value of the least transparent pixel
  int brightest = 0;  ///< in the image's own depth; of alpha: the value of the most transparent pixel
  int full = 255;
  std::vector<std::string> labels{};  ///< what --mask-threshold =LABEL can pick, if there are few: "0", "3", "#ff0000"
  std::optional<FaintPart> faint{};
  bool photograph = false;
  bool shape_in_alpha = false;  ///< it is black, and only its transparency varies
  std::string why_nothing{};    ///< of shapes and annotations that repaint nothing: why, as the end of a sentence
  std::string hint{};           ///< and what to do about it
};

struct MaskFile {
  Mask mask;
  MaskFacts facts;
};

/// Reads the mask file of a job. Errors: kInput for a file that is no picture and for a label that isn't in it.
MaskFile read_mask_file(const MaskSpec& spec);

/// Makes a mask of the picture's transparency. Errors: kInput for a label that isn't there.
MaskFile mask_of_alpha(const Image& picture, const MaskSpec& spec);

/// Checks a job's mask before it is grown onto the canvas of --outpaint, and logs what is odd about it. Errors: kInput
/// for one that repaints nothing, unless --outpaint gives the job something to paint.
void check_mask(const JobSpec& spec, const Image& picture, const Mask& mask, const std::optional<MaskFacts>& facts);

/// Logs a warning if what is painted will not be seen, because the picture is transparent there.
void warn_of_transparency(const JobSpec& spec, const Image& picture, const Mask& mask);

}  // namespace zimage::app
