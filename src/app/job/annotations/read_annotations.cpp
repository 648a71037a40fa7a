#include <cmath>
#include <mutex>

#include "app/job/annotations/annotation_formats.h"
#include "base/regular_file.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "base/text_encoding.h"
#include "zimage/error.h"
#include "zimage/image.h"

namespace zimage::app {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

/// COCO's own largest file, of the training pictures of 2017, has 448 MiB.
constexpr std::size_t kFileLimit = std::size_t{512} << 20;

json parse(const fs::path& path) {
  const std::string text = utf8_text(read_text(path, kFileLimit, ErrorCode::kInput), path.string(), ErrorCode::kInput);
  try {
    return parse_strict_json(text, path.string());
  } catch (const Error& e) {
    throw Error(ErrorCode::kInput, e.message(), "--mask FILE.json takes annotations, as COCO or LabelMe writes them");
  }
}

Annotations read_file(const fs::path& path) {
  const json file = parse(path);
  if (file.contains("annotations") && file.contains("images")) return read_coco(file, path.string());
  if (file.contains("shapes")) return read_labelme(file, path.string());
  throw Error(ErrorCode::kInput, path.string() + " holds no annotations of COCO or LabelMe",
              "COCO's have the keys images and annotations, LabelMe's have shapes");
}

/// Tells whether a file is still the one that was read.
struct FileState {
  fs::path path{};
  fs::file_time_type time{};
  std::uintmax_t size = 0;
  bool operator==(const FileState&) const = default;
};

FileState state_of(const fs::path& path) {
  std::error_code ignored;
  return {fs::absolute(path, ignored), fs::last_write_time(path, ignored), fs::file_size(path, ignored)};
}

}  // namespace

std::shared_ptr<const Annotations> read_annotations(const fs::path& path, bool keep) {
  if (!keep) return std::make_shared<const Annotations>(read_file(path));
  static std::mutex mutex;
  static FileState last_state;
  static std::shared_ptr<const Annotations> last;
  const std::lock_guard lock(mutex);
  const FileState state = state_of(path);
  if (last == nullptr || state != last_state) {
    last = nullptr;
    last = std::make_shared<const Annotations>(read_file(path));
    last_state = state;
  }
  return last;
}

void AnnotationPart::refuse(const std::string& what) const {
  throw Error(ErrorCode::kInput, concat({name, " ", what}),
              "look at it in the program that made it, and export it again");
}

const nlohmann::json& AnnotationPart::at(const char* key) const {
  static const nlohmann::json kNull;
  if (!json.is_object()) refuse("is no JSON object");
  const auto found = json.find(key);
  return found == json.end() ? kNull : *found;
}

const nlohmann::json& AnnotationPart::array_at(const char* key) const {
  static const nlohmann::json kEmpty = nlohmann::json::array();
  const nlohmann::json& value = at(key);
  if (value.is_null()) return kEmpty;
  if (!value.is_array()) refuse(concat({"has no list as \"", key, "\""}));
  return value;
}

std::string AnnotationPart::text_at(const char* key) const {
  const nlohmann::json& value = at(key);
  if (value.is_null()) return "";
  if (!value.is_string()) refuse(concat({"has no text as \"", key, "\""}));
  return value.get<std::string>();
}

double AnnotationPart::coordinate(const nlohmann::json& value) const {
  const double number = value.is_number() ? value.get<double>() : NAN;
  if (!(std::abs(number) <= kMostCoordinate)) refuse("has a coordinate that is no number, or one beyond 10000000");
  return number;
}

std::pair<int, int> AnnotationPart::size_at(const char* width, const char* height) const {
  const auto side = [&](const char* key) {
    const nlohmann::json& value = at(key);
    if (value.is_null()) return 0.0;
    const double number = coordinate(value);
    if (number < 1.0 || number != std::floor(number)) refuse(concat({"has a \"", key, "\" that no picture has"}));
    return number;
  };
  const double across = side(width);
  const double down = side(height);
  if (across * down > static_cast<double>(kMaxPixels)) refuse("is of a picture of more than 2^28 pixels");
  return {static_cast<int>(across), static_cast<int>(down)};
}

std::vector<MaskPoint> corners_of(const MaskPoint& a, const MaskPoint& b) { return {a, {b.x, a.y}, b, {a.x, b.y}}; }

}  // namespace zimage::app
