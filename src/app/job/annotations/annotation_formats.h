// The two formats of annotations, and what reading them has in common.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "app/job/annotations/annotations.h"

namespace zimage::app {

/// They read a parsed file, which `name` names in messages. Errors: kInput.
Annotations read_coco(const nlohmann::json& root, const std::string& name);
Annotations read_labelme(const nlohmann::json& root, const std::string& name);

/// A part of a file, and its name in messages: "a.json: annotation 3".
struct AnnotationPart {
  const nlohmann::json& json;
  std::string name;

  /// Throws kInput: the part's name and `what`.
  [[noreturn]] void refuse(const std::string& what) const;
  /// Returns the value of a key; null if there is none.
  const nlohmann::json& at(const char* key) const;
  /// Returns the array of a key, empty if there is none. Errors: kInput for anything else.
  const nlohmann::json& array_at(const char* key) const;
  /// Returns the text of a key, empty if there is none. Errors: kInput for anything else.
  std::string text_at(const char* key) const;
  /// Returns a number that is a coordinate. Errors: kInput.
  double coordinate(const nlohmann::json& value) const;
  /// Returns the picture's width and height, each 0 if it is missing. Errors: kInput for less than a pixel, and for
  /// more pixels than a picture may have.
  std::pair<int, int> size_at(const char* width, const char* height) const;
};

/// Returns the corners of a box.
std::vector<MaskPoint> corners_of(const MaskPoint& a, const MaskPoint& b);

}  // namespace zimage::app
