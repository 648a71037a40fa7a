// Reads LabelMe's annotations of a picture: `shapes` with a `label`, a `shape_type` and `points` [[x, y], …]. A
// rectangle has two opposite corners or all four, a circle its centre and a point on it.
#include <cmath>
#include <map>

#include "app/job/annotations/annotation_formats.h"
#include "base/text.h"

namespace zimage::app {
using nlohmann::json;
namespace {

std::vector<MaskPoint> points_of(const AnnotationPart& part) {
  std::vector<MaskPoint> points;
  for (const json& point : part.array_at("points")) {
    if (!point.is_array() || point.size() != 2) part.refuse("has a point that is not X and Y");
    points.push_back({part.coordinate(point[0]), part.coordinate(point[1])});
  }
  return points;
}

/// Reads a shape; what has no area is left out.
void read_shape(const AnnotationPart& part, AnnotatedPicture& picture, Annotation& out) {
  const std::string given = part.text_at("shape_type");
  const std::string type = given.empty() ? "polygon" : given;  // the first versions know no others
  std::vector<MaskPoint> points = points_of(part);
  const std::size_t count = points.size();
  if (type == "polygon" && count >= 3) {
    out.polygons.push_back(std::move(points));
  } else if (type == "rectangle" && count == 2) {
    out.polygons.push_back(corners_of(points[0], points[1]));
  } else if (type == "rectangle" && count == 4) {
    out.polygons.push_back(std::move(points));
  } else if (type == "circle" && count == 2) {
    out.circles.push_back({points[0], std::hypot(points[1].x - points[0].x, points[1].y - points[0].y)});
  } else if (type == "polygon" || type == "rectangle" || type == "circle") {
    part.refuse(concat({"is a ", type, " of ", std::to_string(count), " points"}));
  } else {
    picture.left_out.push_back(concat({"a shape of the type ", in_quotes(type)}));
  }
}

}  // namespace

Annotations read_labelme(const json& root, const std::string& name) {
  Annotations file;
  const AnnotationPart whole{root, name};
  const auto [width, height] = whole.size_at("imageWidth", "imageHeight");
  AnnotatedPicture picture{.name = "", .width = width, .height = height};
  std::map<std::string, std::size_t> labels;
  std::size_t number = 0;
  for (const json& shape : whole.array_at("shapes")) {
    const AnnotationPart part{shape, concat({name, ": shape ", std::to_string(++number)})};
    const std::string label = part.text_at("label");
    const auto [place, added] = labels.emplace(label, file.labels.size());
    if (added) file.labels.push_back({.name = label});
    Annotation annotation{.label = place->second};
    read_shape(part, picture, annotation);
    picture.annotations.push_back(std::move(annotation));
  }
  file.pictures.push_back(std::move(picture));
  return file;
}

}  // namespace zimage::app
