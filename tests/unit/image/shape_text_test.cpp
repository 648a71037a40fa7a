#include "image/shape_text.h"

#include "support/catch.h"
#include "support/files.h"

using namespace zimage;

namespace {

std::string mistake(const std::string& text) {
  const auto error = test::error_of([&] { parse_shapes(text); });
  if (!error) return "";
  CHECK(error->code() == ErrorCode::kUsage);
  CHECK(error->hint().find("rect:10,20,200,100") != std::string::npos);
  return error->message();
}

}  // namespace

TEST_CASE("shapes are read with their numbers, units and text") {
  const auto shapes = parse_shapes("rect:10,20%,30.5,.5% + ellipse: -1, 2 ,3,4+polygon:1,2  3%,4 5,-6.25");
  REQUIRE(shapes.size() == 3);
  CHECK(shapes[0].kind == ShapeKind::kRectangle);
  REQUIRE(shapes[0].points.size() == 2);
  CHECK(shapes[0].points[0].x.value == 10.0);
  CHECK_FALSE(shapes[0].points[0].x.percent);
  CHECK(shapes[0].points[0].y.percent);
  CHECK(shapes[0].points[1].x.value == 30.5);
  CHECK(shapes[0].points[1].y.value == 0.5);
  CHECK(shapes[0].text == "rect:10,20%,30.5,.5%");
  CHECK(shapes[1].kind == ShapeKind::kEllipse);
  CHECK(shapes[1].points[0].x.value == -1.0);
  CHECK(shapes[2].kind == ShapeKind::kPolygon);
  REQUIRE(shapes[2].points.size() == 3);
  CHECK(shapes[2].points[1].x.percent);
  CHECK(shapes[2].points[2].y.value == -6.25);
}

TEST_CASE("a text is a shape by its first word") {
  CHECK(is_shape_text("rect:"));
  CHECK(is_shape_text("polygon:1"));
  CHECK_FALSE(is_shape_text("./rect:1,2,3,4"));
  CHECK_FALSE(is_shape_text("rectangle.png"));
  CHECK_FALSE(is_shape_text(" rect:1,2,3,4"));
}

TEST_CASE("a mistake is told with its place") {
  using Catch::Contains;
  CHECK_THAT(mistake("rect:10,20,30"), Contains("the end at character 14, where a comma should be"));
  CHECK_THAT(mistake("rect:10,20,x,40"), Contains("\"x,40\" at character 12, where the width, a number should be"));
  CHECK_THAT(mistake("rect:10,20,30,40,50"), Contains("\",50\" at character 17, where a + or the end should be"));
  CHECK_THAT(mistake("rect:10,20,0,40"), Contains("\"0,40\" at character 12, where a width and a height above 0"));
  CHECK_THAT(mistake("rect:10,20,30,-40"), Contains("above 0"));
  CHECK_THAT(mistake("ellipse:1,2,3,4px"), Contains("\"px\" at character 16"));
  CHECK_THAT(mistake("polygon:1,2 3,4"), Contains("another point (a polygon has at least three)"));
  CHECK_THAT(mistake("polygon:1,2 3,4 5,6 7"), Contains("the end at character 22, where a comma should be"));
  CHECK_THAT(mistake("rect:1,2,3,4+"), Contains("where rect:, ellipse: or polygon: should be"));
  CHECK_THAT(mistake("rect:1,2,3,4+mask.png"), Contains("\"mask.png\" at character 14"));
  CHECK_THAT(mistake("rect:"), Contains("where X, a number should be"));
}

TEST_CASE("numbers that no picture has are mistakes") {
  for (const char* number :
       {"nan", "inf", "-inf", "1e3", "0x10", "+1", "--1", "-", ".", "99999999", "1e999", "1..2", "\xff", "1\n"}) {
    INFO(number);
    CHECK_FALSE(mistake(std::string("rect:") + number + ",2,3,4").empty());
  }
  CHECK_FALSE(mistake("rect:" + std::string(400, '9') + ",2,3,4").empty());
  CHECK_FALSE(mistake("rect:1,2,3," + std::string(400, '0') + "." + std::string(4000, '0')).empty());
}
