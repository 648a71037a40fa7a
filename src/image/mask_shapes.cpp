#include "image/mask_shapes.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "zimage/error.h"

namespace zimage {
namespace {

/// Returns the first pixel whose centre is at `place` or behind it, from 0 to `side`.
int first_pixel(double place, int side) {
  return static_cast<int>(std::clamp(std::ceil(place - 0.5), 0.0, static_cast<double>(side)));
}

/// An edge of a polygon, which goes down from `top` through the centres of some rows.
struct Edge {
  MaskPoint top{};
  MaskPoint bottom{};
  int first = 0;  ///< row
  int end = 0;    ///< the row behind the last one
  int turn = 1;   ///< 1 if the outline goes down here, -1 if it goes up

  double x_at(double y) const { return top.x + (y - top.y) * (bottom.x - top.x) / (bottom.y - top.y); }
};

/// Returns the edges of an outline that cross the centre of a row, sorted by their first rows.
std::vector<Edge> edges_of(std::span<const MaskPoint> outline, int height) {
  std::vector<Edge> edges;
  for (std::size_t i = 0; i < outline.size(); ++i) {
    Edge edge{.top = outline[i], .bottom = outline[(i + 1) % outline.size()]};
    if (edge.top.y > edge.bottom.y) {
      std::swap(edge.top, edge.bottom);
      edge.turn = -1;
    }
    edge.first = first_pixel(edge.top.y, height);
    edge.end = first_pixel(edge.bottom.y, height);
    if (edge.first < edge.end) edges.push_back(edge);
  }
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.first < b.first; });
  return edges;
}

/// Says why a shape has no pixel.
std::string why_empty(const MaskShape& shape, int width, int height) {
  double left = INFINITY;
  double top = INFINITY;
  double right = -INFINITY;
  double bottom = -INFINITY;
  const auto take = [&](double x, double y) {
    left = std::min(left, x);
    right = std::max(right, x);
    top = std::min(top, y);
    bottom = std::max(bottom, y);
  };
  for (const ShapePoint& point : shape.points) take(point.x.pixels(width), point.y.pixels(height));
  if (shape.kind != ShapeKind::kPolygon) {  // the second point is a size
    const MaskPoint corner{shape.points[0].x.pixels(width), shape.points[0].y.pixels(height)};
    left = corner.x;
    top = corner.y;
    right = corner.x + shape.points[1].x.pixels(width);
    bottom = corner.y + shape.points[1].y.pixels(height);
  }
  const bool outside = right <= 0.0 || bottom <= 0.0 || left >= width || top >= height;
  return concat({in_quotes(shape.text),
                 outside ? " lies outside the picture, which is " : " has no pixel's centre in the picture, which is ",
                 size_text(width, height)});
}

bool fill_shape(Mask& mask, const MaskShape& shape) {
  std::vector<MaskPoint> points;
  for (const ShapePoint& point : shape.points) {
    points.push_back({point.x.pixels(mask.width), point.y.pixels(mask.height)});
  }
  if (shape.kind == ShapeKind::kPolygon) return fill_polygon(mask, points);
  if (shape.kind == ShapeKind::kRectangle) return fill_rectangle(mask, points[0], points[1].x, points[1].y);
  const MaskPoint radii{points[1].x / 2.0, points[1].y / 2.0};
  return fill_ellipse(mask, {points[0].x + radii.x, points[0].y + radii.y}, radii.x, radii.y);
}

}  // namespace

bool fill_rectangle(Mask& mask, const MaskPoint& corner, double width, double height) {
  const int left = first_pixel(corner.x, mask.width);
  const int right = first_pixel(corner.x + width, mask.width);
  const int top = first_pixel(corner.y, mask.height);
  const int bottom = first_pixel(corner.y + height, mask.height);
  if (left >= right || top >= bottom) return false;
  for (int y = top; y < bottom; ++y) {
    const auto row = mask.repaint.begin() + static_cast<std::ptrdiff_t>(mask.index(left, y));
    std::fill_n(row, right - left, std::uint8_t{1});
  }
  return true;
}

bool fill_ellipse(Mask& mask, const MaskPoint& centre, double radius_x, double radius_y) {
  if (radius_x <= 0.0 || radius_y <= 0.0) return false;
  const int left = first_pixel(centre.x - radius_x - 1.0, mask.width);
  const int right = first_pixel(centre.x + radius_x + 1.0, mask.width);
  const int bottom = first_pixel(centre.y + radius_y + 1.0, mask.height);
  bool any = false;
  for (int y = first_pixel(centre.y - radius_y - 1.0, mask.height); y < bottom; ++y) {
    const double down = (y + 0.5 - centre.y) / radius_y;
    for (int x = left; x < right; ++x) {
      const double across = (x + 0.5 - centre.x) / radius_x;
      if (across * across + down * down > 1.0) continue;
      mask.repaint[mask.index(x, y)] = 1;
      any = true;
    }
  }
  return any;
}

bool fill_polygon(Mask& mask, std::span<const MaskPoint> outline) {
  const std::vector<Edge> edges = edges_of(outline, mask.height);
  std::vector<std::size_t> active;
  std::vector<int> turns(static_cast<std::size_t>(mask.width) + 1);  // how the winding number changes at each column
  std::size_t next = 0;
  bool any = false;
  for (int y = edges.empty() ? mask.height : edges.front().first; y < mask.height; ++y) {
    while (next < edges.size() && edges[next].first <= y) active.push_back(next++);
    std::erase_if(active, [&](std::size_t i) { return edges[i].end <= y; });
    int left = mask.width;
    int right = 0;
    for (const std::size_t i : active) {
      const int column = first_pixel(edges[i].x_at(y + 0.5), mask.width);
      turns[static_cast<std::size_t>(column)] += edges[i].turn;
      left = std::min(left, column);
      right = std::max(right, column);
    }
    int winding = 0;
    for (int x = left; x <= right; ++x) {
      winding += std::exchange(turns[static_cast<std::size_t>(x)], 0);
      if (winding == 0) continue;
      mask.repaint[mask.index(x, y)] = 1;
      any = true;
    }
  }
  return any;
}

Mask mask_of_shapes(std::span<const MaskShape> shapes, int width, int height) {
  Mask mask(width, height);
  std::vector<std::string> empty;
  for (const MaskShape& shape : shapes) {
    if (!fill_shape(mask, shape)) empty.push_back(why_empty(shape, width, height));
  }
  if (empty.size() == shapes.size()) {
    throw Error(ErrorCode::kInput, "the mask " + empty.front(),
                "coordinates count from the left upper corner of the picture as it is shown");
  }
  for (const std::string& text : empty) log::warning("the mask's " + text + ": this shape repaints nothing");
  return mask;
}

}  // namespace zimage
