#include "image/shape_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <utility>

#include "base/text.h"
#include "zimage/error.h"

namespace zimage {
namespace {

constexpr std::array<std::pair<std::string_view, ShapeKind>, 3> kKinds{
    {{"rect:", ShapeKind::kRectangle}, {"ellipse:", ShapeKind::kEllipse}, {"polygon:", ShapeKind::kPolygon}}};
constexpr const char* kHint =
    "--mask takes rect:X,Y,W,H, ellipse:X,Y,W,H or polygon:X,Y X,Y X,Y, joined by +, such as rect:10,20,200,100 or "
    "ellipse:25%,25%,50%,50%";

class ShapeReader {
 public:
  explicit ShapeReader(const std::string& text) : text_(text) {}

  std::vector<MaskShape> read() {
    std::vector<MaskShape> shapes;
    do {
      skip_blanks();
      shapes.push_back(read_shape());
    } while (take('+'));
    if (place_ < text_.size())
      refuse(shapes.back().kind == ShapeKind::kPolygon ? "a point, a + or the end" : "a + or the end");
    return shapes;
  }

 private:
  MaskShape read_shape() {
    MaskShape shape;
    const std::size_t begin = place_;
    shape.kind = read_kind();
    if (shape.kind == ShapeKind::kPolygon) {
      do shape.points.push_back(read_point("an X", "a Y"));
      while (at_number());
      if (shape.points.size() < 3) refuse("another point (a polygon has at least three)");
    } else {
      shape.points.push_back(read_point("X", "Y"));
      read_comma();
      const std::size_t size_at = place_;
      shape.points.push_back(read_point("the width", "the height"));
      if (shape.points[1].x.value <= 0.0 || shape.points[1].y.value <= 0.0) {
        place_ = size_at;
        refuse("a width and a height above 0");
      }
    }
    std::size_t end = place_;
    while (end > begin && text_[end - 1] == ' ') --end;
    shape.text = text_.substr(begin, end - begin);
    return shape;
  }

  ShapeKind read_kind() {
    for (const auto& [name, kind] : kKinds) {
      if (std::string_view(text_).substr(place_).starts_with(name)) {
        place_ += name.size();
        skip_blanks();
        return kind;
      }
    }
    refuse("rect:, ellipse: or polygon:");
  }

  ShapePoint read_point(const char* x, const char* y) {
    ShapePoint point;
    point.x = read_length(x);
    read_comma();
    point.y = read_length(y);
    return point;
  }

  ShapeLength read_length(const char* what) {
    ShapeLength length;
    const char* end = text_.data() + text_.size();
    const auto [after, error] = std::from_chars(text_.data() + place_, end, length.value, std::chars_format::fixed);
    if (error == std::errc::invalid_argument || !at_number()) refuse(concat({what, ", a number"}));
    if (error != std::errc{} || std::abs(length.value) > kMostCoordinate) refuse("a number of at most 10000000");
    place_ = static_cast<std::size_t>(after - text_.data());
    length.percent = place_ < text_.size() && text_[place_] == '%';
    if (length.percent) ++place_;
    skip_blanks();
    return length;
  }

  void read_comma() {
    if (!take(',')) refuse("a comma");
    skip_blanks();
  }

  /// from_chars() would also take "inf" and "nan".
  bool at_number() const {
    return place_ < text_.size() && std::string_view("-.0123456789").find(text_[place_]) != std::string_view::npos;
  }

  bool take(char c) {
    if (place_ >= text_.size() || text_[place_] != c) return false;
    ++place_;
    return true;
  }

  void skip_blanks() {
    while (place_ < text_.size() && text_[place_] == ' ') ++place_;
  }

  [[noreturn]] void refuse(const std::string& expected) const {
    constexpr std::size_t kShown = 12;
    const std::string found = place_ < text_.size() ? in_quotes(text_.substr(place_, kShown)) : "the end";
    throw Error(ErrorCode::kUsage,
                concat({"--mask ", in_quotes(text_), " has ", found, " at character ", std::to_string(place_ + 1),
                        ", where ", expected, " should be"}),
                kHint);
  }

  const std::string& text_;
  std::size_t place_ = 0;
};

}  // namespace

bool is_shape_text(std::string_view text) {
  for (const auto& [name, kind] : kKinds) {
    if (text.starts_with(name)) return true;
  }
  return false;
}

std::vector<MaskShape> parse_shapes(const std::string& text) { return ShapeReader(text).read(); }

}  // namespace zimage
