#include "inpaint/color_match.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "image/distance.h"
#include "inpaint/membrane.h"

namespace zimage {
namespace {

constexpr int kCell = 4;
/// Width of the ring, in pixels. A latent cell that the hole touches reaches up to 7 pixels beyond the hole and is
/// repainted whole, so the ring also takes in about as many pixels that were held. Nearer pixels count more.
constexpr float kRing = 16.0F;
/// A difference of this size (20 levels) gets a weight of one quarter.
constexpr float kOtherContent = 20.0F / 255.0F;
/// Weight of "no correction" where the ring shows other content: small, so that the rest of the ring can overrule it.
constexpr float kDoubt = 0.1F;

/// Returns how far a difference is a shift of colour (1) rather than other content (0): Geman and McClure's weight.
float trust(float difference) {
  const float ratio = difference / kOtherContent;
  const float root = 1.0F / (1.0F + ratio * ratio);
  return root * root;
}

Mask to_mask(const at::Tensor& tensor) {
  Mask mask(static_cast<int>(tensor.size(3)), static_cast<int>(tensor.size(2)));
  const at::Tensor flat = tensor.contiguous();
  const float* values = flat.const_data_ptr<float>();
  std::transform(values, values + flat.numel(), mask.repaint.begin(), [](float v) { return v > 0.0F ? 1 : 0; });
  return mask;
}

/// Sums the ring's weighted differences in cells.
Membrane gather(const float* decoded, const float* original, const Mask& mask) {
  Membrane cells((mask.width + kCell - 1) / kCell, (mask.height + kCell - 1) / kCell);
  const std::size_t plane = mask.repaint.size();
  for_each_nearest(mask, {0, 0, mask.width, mask.height}, [&](int y, const std::vector<Nearest>& row) {
    for (int x = 0; x < mask.width; ++x) {
      const std::int64_t squared = row[static_cast<std::size_t>(x)].squared;
      if (squared == 0 || squared > static_cast<std::int64_t>(kRing * kRing)) continue;
      const float share = 1.0F - std::sqrt(static_cast<float>(squared)) / (kRing + 1.0F);
      const float closeness = share * share;
      const std::size_t pixel = mask.index(x, y);
      float difference[3];
      float largest = 0.0F;
      for (std::size_t c = 0; c < 3; ++c) {
        difference[c] = original[c * plane + pixel] - decoded[c * plane + pixel];
        largest = std::max(largest, std::abs(difference[c]));
      }
      const float trusted = trust(largest);
      const std::size_t cell = static_cast<std::size_t>(y / kCell) * static_cast<std::size_t>(cells.width) +
                               static_cast<std::size_t>(x / kCell);
      cells.weight[cell] += closeness * (trusted + kDoubt * (1.0F - trusted));
      for (std::size_t c = 0; c < 3; ++c) cells.sum[c][cell] += closeness * trusted * difference[c];
    }
  });
  return cells;
}

/// A pixel's position between two neighbouring cells of a row or column.
struct Between {
  Between(int pixel, int cells) {
    const float place = (static_cast<float>(pixel) + 0.5F) / static_cast<float>(kCell) - 0.5F;
    const int below = static_cast<int>(std::floor(place));
    share = place - static_cast<float>(below);
    first = static_cast<std::size_t>(std::clamp(below, 0, cells - 1));
    second = static_cast<std::size_t>(std::clamp(below + 1, 0, cells - 1));
  }
  std::size_t first;
  std::size_t second;
  float share;  ///< weight of the second
};

void add_shift(const std::vector<float>& shift, const Membrane& cells, int width, int height, float* pixels) {
  const auto stride = static_cast<std::size_t>(cells.width);
  std::vector<Between> columns;
  columns.reserve(static_cast<std::size_t>(width));
  for (int x = 0; x < width; ++x) columns.emplace_back(x, cells.width);
  for (int y = 0; y < height; ++y) {
    const Between row(y, cells.height);
    const float* above = shift.data() + row.first * stride;
    const float* below = shift.data() + row.second * stride;
    for (const Between& column : columns) {
      const float top = above[column.first] + column.share * (above[column.second] - above[column.first]);
      const float bottom = below[column.first] + column.share * (below[column.second] - below[column.first]);
      *pixels = std::clamp(*pixels + top + row.share * (bottom - top), 0.0F, 1.0F);
      ++pixels;
    }
  }
}

}  // namespace

at::Tensor match_color(const at::Tensor& decoded, const at::Tensor& original, const at::Tensor& mask) {
  const Mask hole = to_mask(mask);
  at::Tensor matched = decoded.contiguous().clone();
  const at::Tensor wanted = original.contiguous();
  float* pixels = matched.mutable_data_ptr<float>();
  const Membrane cells = gather(pixels, wanted.const_data_ptr<float>(), hole);
  const auto shift = solve_membrane(cells);
  const std::size_t plane = hole.repaint.size();
  for (std::size_t c = 0; c < 3; ++c) add_shift(shift[c], cells, hole.width, hole.height, pixels + c * plane);
  return matched;
}

}  // namespace zimage
