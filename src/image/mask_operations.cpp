#include "image/mask_operations.h"

#include "base/parallel.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "image/distance.h"
#include "image/tiles.h"

namespace zimage {
namespace {

constexpr std::uint8_t kFullLevel = 255;
using Plane = std::vector<std::uint8_t>;

/// Finds the kept pixels of a box that are connected, through shared edges, with the outside of the box.
class Outside {
 public:
  Outside(const Mask& mask, const Box& box) : mask_(mask), box_(box), reached_(area(box)) {}

  const Plane& find() {
    for (int x = 0; x < box_.width; ++x) {
      add(x, 0);
      add(x, box_.height - 1);
    }
    for (int y = 0; y < box_.height; ++y) {
      add(0, y);
      add(box_.width - 1, y);
    }
    while (!runs_.empty()) {
      const auto [x, y] = runs_.back();
      runs_.pop_back();
      spread(x, y);
    }
    return reached_;
  }

 private:
  static std::size_t area(const Box& box) {
    return static_cast<std::size_t>(box.width) * static_cast<std::size_t>(box.height);
  }
  std::size_t at(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(box_.width) + static_cast<std::size_t>(x);
  }
  bool open(int x, int y) const {
    return mask_.repaint[mask_.index(box_.x + x, box_.y + y)] == 0 && reached_[at(x, y)] == 0;
  }
  void add(int x, int y) {
    if (open(x, y)) runs_.emplace_back(x, y);
  }

  /// Marks the run of open pixels around (x, y) and remembers the runs that touch it above and below.
  void spread(int x, int y) {
    if (!open(x, y)) return;
    int left = x;
    int right = x;
    while (left > 0 && open(left - 1, y)) --left;
    while (right + 1 < box_.width && open(right + 1, y)) ++right;
    std::fill(reached_.begin() + static_cast<std::ptrdiff_t>(at(left, y)),
              reached_.begin() + static_cast<std::ptrdiff_t>(at(right, y)) + 1, std::uint8_t{1});
    for (const int row : {y - 1, y + 1}) {
      if (row < 0 || row >= box_.height) continue;
      for (int i = left; i <= right; ++i) {
        // A run is represented by its first pixel.
        if (open(i, row) && (i == left || !open(i - 1, row))) runs_.emplace_back(i, row);
      }
    }
  }

  const Mask& mask_;
  Box box_;
  Plane reached_;
  std::vector<std::pair<int, int>> runs_;
};

/// Returns which of `source` pixels, [first, end), pixel `i` of `count` overlaps.
std::pair<std::size_t, std::size_t> overlapped(int i, int count, int source) {
  const auto wide = static_cast<std::int64_t>(source);
  return {static_cast<std::size_t>(i * wide / count), static_cast<std::size_t>(((i + 1) * wide + count - 1) / count)};
}

/// Resizes a box of a plane: each new pixel is the highest of those that it overlaps.
Plane highest(const Mask& mask, const Plane& from, const Box& box, int new_width, int new_height) {
  const auto width = static_cast<std::size_t>(box.width);
  const auto new_stride = static_cast<std::size_t>(new_width);
  Plane out(new_stride * static_cast<std::size_t>(new_height));
  parallel_for(0, new_height, 1, [&](std::int64_t begin, std::int64_t end) {
    Plane row(width);
    std::uint8_t* into = row.data();
    for (auto y = static_cast<int>(begin); y < end; ++y) {
      const auto [top, bottom] = overlapped(y, new_height, box.height);
      std::fill(row.begin(), row.end(), std::uint8_t{0});
      for (std::size_t v = top; v < bottom; ++v) {
        const std::uint8_t* line = from.data() + mask.index(box.x, box.y + static_cast<int>(v));
        for (std::size_t x = 0; x < width; ++x) into[x] = std::max(into[x], line[x]);
      }
      for (int x = 0; x < new_width; ++x) {
        const auto [left, right] = overlapped(x, new_width, box.width);
        out[static_cast<std::size_t>(y) * new_stride + static_cast<std::size_t>(x)] =
            *std::max_element(into + left, into + right);
      }
    }
  });
  return out;
}

/// Returns whether a single scale maps the other size to this one, each side to within a pixel.
bool scales_to(int width, int height, int other_width, int other_height) {
  const auto below = [](std::int64_t side, std::int64_t of, std::int64_t side2, std::int64_t of2) {
    return (side - 1) * of2 < (side2 + 1) * of;
  };
  return below(width, other_width, height, other_height) && below(height, other_height, width, other_width);
}

/// Adds to `out` the pixels of one tile that lie within `pixels` of the mask.
void grow_tile(const Mask& mask, int pixels, const Box& tile, Mask& out) {
  const Box all{0, 0, mask.width, mask.height};
  if (all_repainted(mask, tile)) return;
  const Box within = bounding_box(mask, grown(tile, pixels, all));
  if (within.empty()) return;
  const Box near = grown(within, pixels, tile);
  const std::int64_t reach = static_cast<std::int64_t>(pixels) * pixels;
  const Box box = grown(near, pixels, all);
  for_each_nearest(mask, box, [&](int y, const std::vector<Nearest>& row) {
    if (y < near.y || y >= near.y + near.height) return;
    for (int x = near.x; x < near.x + near.width; ++x) {
      const Nearest& nearest = row[static_cast<std::size_t>(x - box.x)];
      if (nearest.squared > reach) continue;
      out.repaint[out.index(x, y)] = 1;
      if (mask.soft()) out.level[out.index(x, y)] = mask.level[mask.index(nearest.x, nearest.y)];
    }
  });
}

}  // namespace

Mask grow_mask(const Mask& mask, int pixels) {
  Mask out = mask;
  if (pixels <= 0) return out;
  const Box all{0, 0, mask.width, mask.height};
  for_each_tile(grown(bounding_box(mask), pixels, all), tile_side(pixels),
                [&](const Box& tile) { grow_tile(mask, pixels, tile, out); });
  return out;
}

Mask fill_mask_holes(const Mask& mask) {
  Mask out = mask;
  const Box box = bounding_box(mask);
  if (box.empty()) return out;
  Outside outside(mask, box);
  const Plane& reached = outside.find();
  std::size_t i = 0;
  for (int y = box.y; y < box.y + box.height; ++y) {
    for (int x = box.x; x < box.x + box.width; ++x, ++i) {
      const std::size_t pixel = out.index(x, y);
      if (reached[i] != 0 || out.repaint[pixel] != 0) continue;
      out.repaint[pixel] = 1;
      if (out.soft()) out.level[pixel] = kFullLevel;
    }
  }
  return out;
}

bool same_aspect(int width, int height, int other_width, int other_height) {
  return scales_to(width, height, other_width, other_height) || scales_to(other_width, other_height, width, height);
}

Mask resize_mask(const Mask& mask, int width, int height) {
  if (mask.width == width && mask.height == height) return mask;
  return resize_mask(mask, {0, 0, mask.width, mask.height}, width, height);
}

Mask resize_mask(const Mask& mask, const Box& box, int width, int height) {
  Mask out;
  out.width = width;
  out.height = height;
  out.repaint = highest(mask, mask.repaint, box, width, height);
  if (mask.soft()) out.level = highest(mask, mask.level, box, width, height);
  return out;
}

}  // namespace zimage
