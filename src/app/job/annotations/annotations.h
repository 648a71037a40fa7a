// Annotations of pictures, from the JSON files of COCO (one file for many pictures) and LabelMe (one for each picture).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "image/mask_shapes.h"

namespace zimage::app {

struct Circle {
  MaskPoint centre{};
  double radius = 0.0;
};

/// One thing in a picture that somebody has outlined; its place is what any of these cover.
struct Annotation {
  std::size_t label = 0;  ///< in Annotations::labels
  std::vector<std::vector<MaskPoint>> polygons{};
  std::vector<Circle> circles{};
  std::vector<std::uint32_t> runs{};  ///< see image/run_lengths.h; they fill the picture's size
};

struct AnnotatedPicture {
  std::string name{};  ///< its file's name; empty: the file doesn't say
  int width = 0;       ///< 0: the file doesn't say
  int height = 0;
  std::vector<Annotation> annotations{};
  std::size_t boxes = 0;                ///< how many of them have no outline, so that their boxes count
  std::vector<std::string> left_out{};  ///< what of it isn't in them, for a notice
};

struct AnnotationLabel {
  std::string name{};
  std::string id{};  ///< as text; empty: it has none
};

/// What is in one file.
struct Annotations {
  std::vector<AnnotatedPicture> pictures{};
  std::vector<AnnotationLabel> labels{};
  bool named = false;  ///< a picture is found by its name; else there is one, whatever its name is
  /// By the name of the file without its folder, as composed_name() makes it: the places in `pictures`. Empty unless
  /// pictures are found by name.
  std::unordered_map<std::string, std::vector<std::size_t>> by_name{};
};

/// Reads a file. With `keep` it stays in memory until the next one is read so, because the pictures of a batch may
/// share it. On any thread. Errors: kInput for a file that can't be read, or is neither COCO's nor LabelMe's.
std::shared_ptr<const Annotations> read_annotations(const std::filesystem::path& path, bool keep);

}  // namespace zimage::app
