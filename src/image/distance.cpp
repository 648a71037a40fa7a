#include "image/distance.h"

#include <algorithm>
#include <cstdlib>

namespace zimage {
namespace {

constexpr int kNoRow = -1;

/// Returns, for every pixel of the box, the nearest repainted row in its own column, or kNoRow.
std::vector<int> nearest_rows(const Mask& mask, const Box& box) {
  const auto width = static_cast<std::size_t>(box.width);
  const auto height = static_cast<std::size_t>(box.height);
  std::vector<int> rows(width * height, kNoRow);
  for (std::size_t y = 0; y < height; ++y) {
    const std::uint8_t* line = mask.repaint.data() + mask.index(box.x, box.y + static_cast<int>(y));
    for (std::size_t x = 0; x < width; ++x) {
      if (line[x] != 0) {
        rows[y * width + x] = static_cast<int>(y);
      } else if (y > 0) {
        rows[y * width + x] = rows[(y - 1) * width + x];
      }
    }
  }
  for (std::size_t y = height; y-- > 1;) {
    for (std::size_t x = 0; x < width; ++x) {
      int& above = rows[(y - 1) * width + x];
      const int below = rows[y * width + x];
      const int row = static_cast<int>(y) - 1;
      if (below > row && (above == kNoRow || below - row < row - above)) above = below;
    }
  }
  return rows;
}

/// The lower envelope of one row's parabolas (x − i)² + g(i)², where g(i) is the distance within column i.
class Envelope {
 public:
  explicit Envelope(int width)
      : width_(width), columns_(static_cast<std::size_t>(width)), starts_(static_cast<std::size_t>(width)) {}

  void scan(const int* rows, int y, const Box& box, std::vector<Nearest>& out) {
    for (int x = 0; x < width_;) {
      if (rows[x] == y) {
        out[static_cast<std::size_t>(x)] = {0, box.x + x, box.y + y};
        ++x;
        continue;
      }
      const int begin = x;
      while (x < width_ && rows[x] != y) ++x;
      scan_gap(rows, y, box, begin, x, out);
    }
  }

 private:
  /// Fills in columns [begin, end) of the row, none of which is repainted. The repainted pixels on both sides, if any,
  /// are nearer than whatever lies beyond them.
  void scan_gap(const int* rows, int y, const Box& box, int begin, int end, std::vector<Nearest>& out) {
    build(rows, y, std::max(begin - 1, 0), std::min(end, width_ - 1));
    if (size_ == 0) {
      std::fill(out.begin() + begin, out.begin() + end, Nearest{});
      return;
    }
    std::size_t k = size_ - 1;
    for (int x = end - 1; x >= begin; --x) {
      while (starts_[k] > x) --k;
      const int column = columns_[k];
      out[static_cast<std::size_t>(x)] = {value(x, column, rows, y), box.x + column, box.y + rows[column]};
    }
  }

  static std::int64_t value(std::int64_t x, int column, const int* rows, int y) {
    const std::int64_t dx = x - column;
    const std::int64_t dy = y - rows[column];
    return dx * dx + dy * dy;
  }

  /// Returns the last x at which column i is at least as near as column u > i.
  static std::int64_t last_of(int i, int u, const int* rows, int y) {
    const std::int64_t twice = value(0, u, rows, y) - value(0, i, rows, y);
    const std::int64_t span = 2LL * (u - i);
    return twice >= 0 ? twice / span : -((-twice + span - 1) / span);
  }

  /// Builds the envelope of columns first…last.
  void build(const int* rows, int y, int first, int last) {
    size_ = 0;
    for (int u = first; u <= last; ++u) {
      if (rows[u] == kNoRow) continue;
      while (size_ > 0) {
        const std::int64_t start = starts_[size_ - 1];
        if (value(start, columns_[size_ - 1], rows, y) <= value(start, u, rows, y)) break;
        --size_;
      }
      const std::int64_t start = size_ == 0 ? first : last_of(columns_[size_ - 1], u, rows, y) + 1;
      if (start > last) continue;
      columns_[size_] = u;
      starts_[size_++] = start;
    }
  }

  int width_;
  std::size_t size_ = 0;
  std::vector<int> columns_;          ///< the columns whose parabolas are lowest, left to right
  std::vector<std::int64_t> starts_;  ///< the x from which each is lowest
};

}  // namespace

void for_each_nearest(const Mask& mask, const Box& box, const NearestRow& visit) {
  if (box.empty()) return;
  const std::vector<int> rows = nearest_rows(mask, box);
  Envelope envelope(box.width);
  std::vector<Nearest> row(static_cast<std::size_t>(box.width));
  for (int y = 0; y < box.height; ++y) {
    envelope.scan(rows.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(box.width), y, box, row);
    visit(box.y + y, row);
  }
}

}  // namespace zimage
