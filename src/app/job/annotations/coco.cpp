// Reads COCO's annotations of objects (https://cocodataset.org/#format-data): `images`, `categories`, and `annotations`
// whose `segmentation` is a list of polygons [x, y, x, y, …] or runs {size: [height, width], counts}, which are a list,
// or text (image/run_lengths.h).
#include <cmath>
#include <unordered_map>

#include "app/job/annotations/annotation_formats.h"
#include "base/file_name.h"
#include "base/text.h"
#include "image/run_lengths.h"

namespace zimage::app {
using nlohmann::json;
namespace {

/// By an id's text: where something is in its list.
using Places = std::unordered_map<std::string, std::size_t>;

std::string id_text(const AnnotationPart& part, const char* key) {
  const json& id = part.at(key);
  if (id.is_string()) return id.get<std::string>();
  if (!id.is_number()) part.refuse(concat({"has no number as \"", key, "\""}));
  return id.dump();
}

std::vector<MaskPoint> polygon_of(const AnnotationPart& part, const json& numbers) {
  if (!numbers.is_array() || numbers.size() % 2 != 0) part.refuse("has a polygon that is no list of pairs of numbers");
  std::vector<MaskPoint> points;
  for (std::size_t i = 0; i < numbers.size(); i += 2) {
    points.push_back({part.coordinate(numbers[i]), part.coordinate(numbers[i + 1])});
  }
  return points;
}

std::vector<std::uint32_t> runs_of(const AnnotationPart& part, const json& counts) {
  std::vector<std::uint32_t> runs;
  if (counts.is_string()) {
    auto parsed = parse_run_lengths(counts.get_ref<const std::string&>());
    if (!parsed) part.refuse("has compressed counts that can't be read");
    return *std::move(parsed);
  }
  if (!counts.is_array()) part.refuse("has no list or text as \"counts\"");
  for (const json& count : counts) {
    const double number = count.is_number() ? count.get<double>() : -1.0;
    if (!(number >= 0.0 && number <= static_cast<double>(kMaxPixels)) || number != std::floor(number)) {
      part.refuse("has a count that is no number of pixels");
    }
    runs.push_back(static_cast<std::uint32_t>(number));
  }
  return runs;
}

/// Reads runs, which must have the picture's size.
void read_runs(const AnnotationPart& part, const json& segmentation, AnnotatedPicture& picture, Annotation& out) {
  const AnnotationPart runs{segmentation, part.name};
  const json& size = runs.array_at("size");
  if (size.size() != 2) part.refuse("has no height and width as \"size\"");
  const json sides{{"height", size[0]}, {"width", size[1]}};
  const auto [width, height] = AnnotationPart{sides, part.name + ": \"size\""}.size_at("width", "height");
  if (picture.width == 0 || picture.height == 0) {
    picture.width = width;
    picture.height = height;
  }
  if (width != picture.width || height != picture.height) {
    part.refuse(concat({"is ", size_text(width, height), ", but its picture ", in_quotes(picture.name), " is ",
                        size_text(picture.width, picture.height)}));
  }
  out.runs = runs_of(part, runs.at("counts"));
  if (out.runs.empty()) part.refuse("has no \"counts\"");
}

void read_box(const AnnotationPart& part, AnnotatedPicture& picture, Annotation& out) {
  const json& box = part.array_at("bbox");
  if (box.empty()) return picture.left_out.push_back("an annotation without an outline or a box");
  if (box.size() != 4) part.refuse("has a \"bbox\" that is not X, Y, width and height");
  const MaskPoint corner{part.coordinate(box[0]), part.coordinate(box[1])};
  out.polygons.push_back(corners_of(corner, {corner.x + part.coordinate(box[2]), corner.y + part.coordinate(box[3])}));
  ++picture.boxes;
}

Annotation read_annotation(const AnnotationPart& part, AnnotatedPicture& picture) {
  Annotation out;
  const json& segmentation = part.at("segmentation");
  if (segmentation.is_object()) {
    read_runs(part, segmentation, picture, out);
  } else if (segmentation.is_null() || segmentation.empty()) {
    read_box(part, picture, out);
  } else if (!segmentation.is_array()) {
    part.refuse("has a \"segmentation\" that is neither polygons nor runs");
  } else if (segmentation[0].is_number()) {
    out.polygons.push_back(polygon_of(part, segmentation));
  } else {
    for (const json& numbers : segmentation) out.polygons.push_back(polygon_of(part, numbers));
  }
  const std::size_t thin = std::erase_if(out.polygons, [](const auto& points) { return points.size() < 3; });
  for (std::size_t i = 0; i < thin; ++i) picture.left_out.push_back("a polygon of fewer than three points");
  return out;
}

Places read_pictures(const AnnotationPart& whole, Annotations& file) {
  Places places;
  for (const json& image : whole.array_at("images")) {
    const AnnotationPart part{image, concat({whole.name, ": image ", std::to_string(file.pictures.size() + 1)})};
    if (!places.emplace(id_text(part, "id"), file.pictures.size()).second) {
      part.refuse("has the id of one before it: " + in_quotes(id_text(part, "id")));
    }
    const auto [width, height] = part.size_at("width", "height");
    const std::string name = part.text_at("file_name");
    file.by_name[composed_name(std::filesystem::path(name).filename().string())].push_back(file.pictures.size());
    file.pictures.push_back({.name = name, .width = width, .height = height});
  }
  return places;
}

Places read_categories(const AnnotationPart& whole, Annotations& file) {
  Places places;
  for (const json& category : whole.array_at("categories")) {
    const AnnotationPart part{category, concat({whole.name, ": category ", std::to_string(file.labels.size() + 1)})};
    const std::string id = id_text(part, "id");
    places.emplace(id, file.labels.size());
    file.labels.push_back({.name = part.text_at("name"), .id = id});
  }
  return places;
}

}  // namespace

Annotations read_coco(const json& root, const std::string& name) {
  Annotations file;
  file.named = true;
  const AnnotationPart whole{root, name};
  const Places pictures = read_pictures(whole, file);
  Places labels = read_categories(whole, file);
  std::size_t number = 0;
  for (const json& annotation : whole.array_at("annotations")) {
    const AnnotationPart part{annotation, concat({whole.name, ": annotation ", std::to_string(++number)})};
    const auto picture = pictures.find(id_text(part, "image_id"));
    if (picture == pictures.end()) continue;  // a part of a data set may have all of its annotations
    const bool has_label = !part.at("category_id").is_null();
    const std::string id = has_label ? id_text(part, "category_id") : "";
    const auto [label, added] = labels.emplace(id, file.labels.size());
    if (added) file.labels.push_back({.name = id, .id = id});
    AnnotatedPicture& place = file.pictures[picture->second];
    Annotation read = read_annotation(part, place);
    read.label = label->second;
    place.annotations.push_back(std::move(read));
  }
  return file;
}

}  // namespace zimage::app
