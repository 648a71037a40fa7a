// Takes a value of --mask apart.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "image/mask_shapes.h"

namespace zimage::app {

/// Where a mask comes from. At most one of `path`, `from_alpha` and `shapes` is set; with --outpaint it may be none.
struct MaskSource {
  std::filesystem::path path{};    ///< a picture, in a batch also a folder, or annotations; empty: none
  bool annotated = false;          ///< `path` holds annotations, as COCO or LabelMe has them
  std::string annotation_label{};  ///< of annotations: the label of those that count; empty: all
  bool from_alpha = false;
  std::vector<MaskShape> shapes{};
};

/// Parses `alpha`, shapes (image/shape_text.h), FILE.json, FILE.json:LABEL, or the path of anything else. A path that
/// begins like a shape is written with ./ before it. Errors: kUsage for a shape with a mistake and for an empty label.
MaskSource parse_mask_source(const std::string& text);

/// Does the reverse.
std::string mask_source_text(const MaskSource& source);

/// Returns the path in a value of --mask, also if the rest of it is wrong; empty if there is none.
std::filesystem::path mask_path(const std::string& text);

}  // namespace zimage::app
