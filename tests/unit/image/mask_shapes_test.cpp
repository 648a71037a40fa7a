#include "image/mask_shapes.h"

#include <cmath>
#include <random>

#include "image/shape_text.h"
#include "support/catch.h"
#include "support/files.h"

using namespace zimage;

namespace {

Mask drawn(const std::string& text, int width = 64, int height = 48) {
  return mask_of_shapes(parse_shapes(text), width, height);
}

/// Draws a polygon by the definition: the winding number of each pixel's centre.
Mask by_winding_numbers(const std::vector<MaskPoint>& points, int width, int height) {
  Mask mask(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const MaskPoint centre{x + 0.5, y + 0.5};
      int winding = 0;
      for (std::size_t i = 0; i < points.size(); ++i) {
        const MaskPoint& a = points[i];
        const MaskPoint& b = points[(i + 1) % points.size()];
        const double side = (b.x - a.x) * (centre.y - a.y) - (centre.x - a.x) * (b.y - a.y);
        if (a.y <= centre.y && b.y > centre.y && side > 0) ++winding;
        if (b.y <= centre.y && a.y > centre.y && side < 0) --winding;
      }
      if (winding != 0) mask.repaint[mask.index(x, y)] = 1;
    }
  }
  return mask;
}

}  // namespace

TEST_CASE("a rectangle of whole pixels repaints just those") {
  const Mask mask = drawn("rect:10,5,20,30");
  for (int y = 0; y < 48; ++y) {
    for (int x = 0; x < 64; ++x) {
      CHECK(mask.repaint[mask.index(x, y)] == (x >= 10 && x < 30 && y >= 5 && y < 35));
    }
  }
}

TEST_CASE("a pixel is repainted if its centre lies in the shape") {
  CHECK(drawn("rect:10.5,5.5,1,1").count() == 1);
  CHECK(drawn("rect:10.5,5.5,1,1").repaint[5 * 64 + 10] == 1);
  CHECK(drawn("rect:10.6,5,1,1").repaint[5 * 64 + 11] == 1);
  CHECK(drawn("rect:0.5,0.5,0.001,0.001").count() == 1);
  CHECK(drawn("ellipse:0,0,1,1").count() == 1);
  CHECK(drawn("polygon:0.4,0.4 0.6,0.4 0.6,0.6 0.4,0.6").count() == 1);
}

TEST_CASE("percent count of the picture's width and height") {
  CHECK(drawn("rect:25%,50%,50%,25%").repaint == drawn("rect:16,24,32,12").repaint);
  CHECK(drawn("rect:10,50%,50%,12").repaint == drawn("rect:10,24,32,12").repaint);
  CHECK(drawn("rect:0,0,100%,100%").all());
  CHECK(drawn("rect:0%,0%,33.3%,100%").count() == 21 * 48);
}

TEST_CASE("a polygon's pixels have a winding number at their centres") {
  std::mt19937 random(7);
  std::uniform_int_distribution<int> number(-40, 300);
  for (int round = 0; round < 60; ++round) {
    std::vector<MaskPoint> points(static_cast<std::size_t>(3 + round % 8));
    // Quarters of pixels: edges and corners often go through centres.
    const double unit = round % 3 == 0 ? 4.0 : 3.7;
    for (MaskPoint& point : points) point = {number(random) / unit, number(random) / unit};
    Mask mask(64, 48);
    fill_polygon(mask, points);
    INFO("round " << round);
    CHECK(mask.repaint == by_winding_numbers(points, 64, 48).repaint);
  }
}

TEST_CASE("what an outline goes around twice is repainted, and what it leaves out is not") {
  CHECK(drawn("polygon:32,2 45,44 10,18 54,18 19,44").repaint[24 * 64 + 32] == 1);  // a star's middle
  // A square with a hole that a cut leads to: the outline goes around the hole the other way.
  const Mask frame = drawn("polygon:0,0 40,0 40,40 0,40 0,0 10,10 10,30 30,30 30,10 10,10");
  CHECK(frame.repaint[20 * 64 + 20] == 0);
  CHECK(frame.repaint[5 * 64 + 20] == 1);
}

TEST_CASE("polygons with a common edge neither overlap nor leave a gap") {
  const Mask both = drawn("polygon:0,0 64,0 0,48+polygon:64,0 64,48 0,48");
  CHECK(both.all());
  const std::size_t apart = drawn("polygon:0,0 64,0 0,48").count() + drawn("polygon:64,0 64,48 0,48").count();
  CHECK(apart == 64 * 48);
}

TEST_CASE("an ellipse has its formula's pixels") {
  const Mask mask = drawn("ellipse:8.5,4,31,25.5");
  std::size_t count = 0;
  for (int y = 0; y < 48; ++y) {
    for (int x = 0; x < 64; ++x) {
      const double across = (x + 0.5 - 24.0) / 15.5;
      const double down = (y + 0.5 - 16.75) / 12.75;
      const bool inside = across * across + down * down <= 1.0;
      CHECK(mask.repaint[mask.index(x, y)] == inside);
      count += inside;
    }
  }
  CHECK(mask.count() == count);
}

TEST_CASE("shapes are clipped to the picture and joined") {
  CHECK(drawn("rect:-10,-10,20,20").count() == 100);
  CHECK(drawn("rect:54,38,1000,1000").count() == 100);
  CHECK(drawn("ellipse:-8000000,-8000000,10000000,10000000").all());
  CHECK(drawn("polygon:-9999999,-9999999 9999999,-9999999 0,9999999").all());
  CHECK(drawn("rect:0,0,4,4+rect:2,2,4,4 + ellipse:40,20,1,1").count() == 16 + 16 - 4 + 1);
}

TEST_CASE("a shape outside of the picture is refused with the picture's size, and warned of among others") {
  for (const char* outside : {"rect:64,0,5,5", "ellipse:-20,0,20,20", "polygon:0,48 10,48 10,60", "rect:100%,0,1%,5"}) {
    const auto error = test::error_of([&] { drawn(outside); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kInput);
    CHECK(error->message().find("lies outside the picture, which is 64x48") != std::string::npos);
  }
  const auto thin = test::error_of([] { drawn("rect:10.6,10,0.2,5"); });
  REQUIRE(thin);
  CHECK(thin->message().find("no pixel's centre") != std::string::npos);
  CHECK(drawn("rect:64,0,5,5+rect:0,0,2,2").count() == 4);
}
