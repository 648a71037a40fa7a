#include "image/mask_parts.h"

#include <algorithm>
#include <utility>

namespace zimage {
namespace {

constexpr int kCellsAcross = 32;

/// A grid over the mask, with the bounding box of each cell's mask pixels; join() merges neighbouring cells.
class Cells {
 public:
  explicit Cells(const Mask& mask)
      : side_(std::max(1, (std::max(mask.width, mask.height) + kCellsAcross - 1) / kCellsAcross)),
        columns_((mask.width + side_ - 1) / side_),
        rows_((mask.height + side_ - 1) / side_) {
    for (int row = 0; row < rows_; ++row) {
      for (int column = 0; column < columns_; ++column) {
        const int x = column * side_;
        const int y = row * side_;
        boxes_.push_back(bounding_box(mask, {x, y, std::min(side_, mask.width - x), std::min(side_, mask.height - y)}));
      }
    }
  }

  std::vector<Box> join() {
    std::vector<Box> parts;
    for (int row = 0; row < rows_; ++row) {
      for (int column = 0; column < columns_; ++column) {
        if (!at(column, row).empty()) parts.push_back(take(column, row));
      }
    }
    return parts;
  }

 private:
  Box& at(int column, int row) { return boxes_[static_cast<std::size_t>(row * columns_ + column)]; }

  /// Returns the box of everything connected with a cell, and empties those cells.
  Box take(int column, int row) {
    int left = at(column, row).x;
    int top = at(column, row).y;
    int right = left;
    int bottom = top;
    std::vector<std::pair<int, int>> open{{column, row}};
    while (!open.empty()) {
      const auto [c, r] = open.back();
      open.pop_back();
      const Box box = std::exchange(at(c, r), Box{});
      if (box.empty()) continue;
      left = std::min(left, box.x);
      top = std::min(top, box.y);
      right = std::max(right, box.x + box.width);
      bottom = std::max(bottom, box.y + box.height);
      for (int y = std::max(r - 1, 0); y <= std::min(r + 1, rows_ - 1); ++y) {
        for (int x = std::max(c - 1, 0); x <= std::min(c + 1, columns_ - 1); ++x) open.emplace_back(x, y);
      }
    }
    return {left, top, right - left, bottom - top};
  }

  int side_;
  int columns_;
  int rows_;
  std::vector<Box> boxes_;
};

}  // namespace

std::vector<Box> mask_parts(const Mask& mask) { return Cells(mask).join(); }

}  // namespace zimage
