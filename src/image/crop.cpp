#include "image/crop.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "image/mask_parts.h"

namespace zimage {
namespace {

constexpr double kMaxAspect = 3.0;
constexpr int kLeastPadding = 32;

int round_up(double side) {
  return std::max(1, static_cast<int>(std::ceil(side / kSizeMultiple - 1e-9))) * kSizeMultiple;
}

/// Returns the start of a span of `length` around the middle of [start, start + inner), moved into [0, limit).
int placed(int start, int inner, int length, int limit) {
  return std::clamp(start + (inner - length) / 2, 0, limit - length);
}

struct Sides {
  double width;
  double height;
  double area() const { return width * height; }
};

/// Widens a region to the allowed aspect and to the least area, as far as the picture reaches.
Sides widened(Sides sides, const Sides& limit, double least_area) {
  sides.width = std::min(std::max(sides.width, sides.height / kMaxAspect), limit.width);
  sides.height = std::min(std::max(sides.height, sides.width / kMaxAspect), limit.height);
  if (sides.area() >= least_area) return sides;
  const double factor = std::sqrt(least_area / sides.area());
  sides.width = std::min(sides.width * factor, limit.width);
  sides.height = std::min(sides.height * factor, limit.height);
  // If one side is limited by the picture's border, the other makes up for it.
  sides.width = std::clamp(least_area / sides.height, sides.width, limit.width);
  sides.height = std::clamp(least_area / sides.width, sides.height, limit.height);
  return sides;
}

double scale_of(const Sides& sides, const CropOptions& options) {
  double scale = std::min(std::sqrt(options.area / sides.area()), kMaxUpscale);
  if (scale < kNearScale && scale > 1.0 / kNearScale) scale = 1.0;
  if (options.max_side > 0) scale = std::min(scale, options.max_side / std::max(sides.width, sides.height));
  return scale;
}

/// Returns one side of the region and its working side: a multiple of 16, as near to the scale as the picture allows.
std::pair<int, int> fitted(double side, double scale, int limit, int max_side) {
  int working = round_up(side * scale);
  if (max_side > 0) working = std::min(working, std::max(max_side / kSizeMultiple, 1) * kSizeMultiple);
  const int least = static_cast<int>(std::ceil(side - 1e-9));
  const int length = std::min(std::max(static_cast<int>(std::lround(working / scale)), least), limit);
  // At the picture's own size, a side that can't be a multiple of 16 is rounded to one, as in whole_picture().
  if (scale == 1.0 && length < working) working = round_to_multiple(length);
  return {length, working};
}

bool overlap(const WorkingRegion& a, const WorkingRegion& b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

Box united(const Box& a, const Box& b) {
  const int x = std::min(a.x, b.x);
  const int y = std::min(a.y, b.y);
  return {x, y, std::max(a.x + a.width, b.x + b.width) - x, std::max(a.y + a.height, b.y + b.height) - y};
}

/// Merges boxes until no two are better together.
class Merger {
 public:
  Merger(std::vector<Box> boxes, int width, int height, const CropOptions& options)
      : boxes_(std::move(boxes)), width_(width), height_(height), options_(options) {
    for (const Box& box : boxes_) regions_.push_back(region_of(box));
  }

  std::vector<WorkingRegion> merge() {
    while (merge_best_pair()) {
    }
    std::sort(regions_.begin(), regions_.end(),
              [](const auto& a, const auto& b) { return std::pair(a.y, a.x) < std::pair(b.y, b.x); });
    return regions_;
  }

 private:
  WorkingRegion region_of(const Box& box) const { return crop_around(box, width_, height_, options_); }

  bool better_together(const WorkingRegion& a, const WorkingRegion& b, const WorkingRegion& both) const {
    if (options_.single || overlap(a, b)) return true;
    return static_cast<double>(both.working_width) >= both.width / kNearScale;
  }

  /// Merges, of the pairs that are better together (of all if there are too many), the one with the smallest region.
  bool merge_best_pair() {
    const bool too_many = regions_.size() > static_cast<std::size_t>(kMaxRegions);
    double best = -1.0;
    std::size_t first = 0;
    std::size_t second = 0;
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      for (std::size_t j = i + 1; j < boxes_.size(); ++j) {
        const WorkingRegion both = region_of(united(boxes_[i], boxes_[j]));
        if (!too_many && !better_together(regions_[i], regions_[j], both)) continue;
        const double area = static_cast<double>(both.width) * both.height;
        if (best >= 0.0 && area >= best) continue;
        best = area;
        first = i;
        second = j;
      }
    }
    if (best < 0.0) return false;
    boxes_[first] = united(boxes_[first], boxes_[second]);
    regions_[first] = region_of(boxes_[first]);
    boxes_.erase(boxes_.begin() + static_cast<std::ptrdiff_t>(second));
    regions_.erase(regions_.begin() + static_cast<std::ptrdiff_t>(second));
    return true;
  }

  std::vector<Box> boxes_;
  std::vector<WorkingRegion> regions_;
  int width_;
  int height_;
  const CropOptions& options_;
};

}  // namespace

WorkingRegion crop_around(const Box& box, int width, int height, const CropOptions& options) {
  const int wanted =
      options.padding >= 0 ? options.padding : std::max(std::max(box.width, box.height) / 2, kLeastPadding);
  const Box padded = grown(box, std::max(wanted, options.feather), {0, 0, width, height});
  const Sides limit{static_cast<double>(width), static_cast<double>(height)};
  const Sides sides = widened({static_cast<double>(padded.width), static_cast<double>(padded.height)}, limit,
                              options.area / (kMaxUpscale * kMaxUpscale));
  const double scale = scale_of(sides, options);
  const auto [region_width, working_width] = fitted(sides.width, scale, width, options.max_side);
  const auto [region_height, working_height] = fitted(sides.height, scale, height, options.max_side);
  // Placing it around the padded box keeps the context on every side of the box.
  return {placed(padded.x, padded.width, region_width, width),
          placed(padded.y, padded.height, region_height, height),
          region_width,
          region_height,
          working_width,
          working_height};
}

std::vector<WorkingRegion> crop_regions(const Mask& mask, const CropOptions& options) {
  const double area = static_cast<double>(mask.width) * mask.height;
  const WorkingRegion whole = whole_picture(mask.width, mask.height);
  const bool reached = options.max_side <= 0 || std::max(whole.working_width, whole.working_height) <= options.max_side;
  if (reached && area <= options.area * kWholeArea && area * kWholeArea >= options.area) return {whole};
  return Merger(mask_parts(mask), mask.width, mask.height, options).merge();
}

}  // namespace zimage
