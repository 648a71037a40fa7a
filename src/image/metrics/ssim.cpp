#include "image/metrics/ssim.h"

#include <array>
#include <cmath>
#include <vector>

namespace zimage {
namespace {

constexpr int kRadius = 5;
constexpr int kWindow = 2 * kRadius + 1;
constexpr double kSigma = 1.5;
constexpr double kC1 = (0.01 * 255) * (0.01 * 255);
constexpr double kC2 = (0.03 * 255) * (0.03 * 255);

enum Moment { kA, kB, kAA, kBB, kAB, kMoments };

/// Returns the weights at distance 0…5; those of the whole window sum to 1.
std::array<double, kRadius + 1> gaussian() {
  std::array<double, kRadius + 1> weights{};
  double sum = 0.0;
  for (int d = 0; d <= kRadius; ++d) {
    weights[static_cast<std::size_t>(d)] = std::exp(-0.5 * d * d / (kSigma * kSigma));
    sum += weights[static_cast<std::size_t>(d)] * (d == 0 ? 1 : 2);
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

/// Mirrors an index at the borders, (d c b a | a b c d | d c b a), however small the picture.
int mirrored(int i, int size) {
  while (i < 0 || i >= size) i = i < 0 ? -i - 1 : 2 * size - 1 - i;
  return i;
}

/// The last rows after horizontal filtering: five moments for each. Memory depends on the width alone.
class Rows {
 public:
  Rows(int width, int height, const LumaRow& a, const LumaRow& b) : width_(width), height_(height), a_(a), b_(b) {
    const auto padded = static_cast<std::size_t>(width + 2 * kRadius);
    for (auto& row : padded_) row.resize(padded);
    for (auto& row : ring_) row.resize(static_cast<std::size_t>(width) * kMoments);
    for (auto& row : window_) row.resize(static_cast<std::size_t>(width));
  }

  /// Computes SSIM for row `y`. Rows must be asked for in order, from the top.
  void ssim(int y, double* out) {
    while (filtered_ < height_ && filtered_ <= y + kRadius) filter_row(filtered_++);
    for (int m = 0; m < kMoments; ++m) filter_column(y, m);
    const double* mu_a = window_[kA].data();
    const double* mu_b = window_[kB].data();
    const double* aa = window_[kAA].data();
    const double* bb = window_[kBB].data();
    const double* ab = window_[kAB].data();
    for (int x = 0; x < width_; ++x) {
      const double ma = mu_a[x] * mu_a[x];
      const double mb = mu_b[x] * mu_b[x];
      const double mab = mu_a[x] * mu_b[x];
      out[x] = ((2 * mab + kC1) * (2 * (ab[x] - mab) + kC2)) / ((ma + mb + kC1) * ((aa[x] - ma) + (bb[x] - mb) + kC2));
    }
  }

 private:
  void filter_row(int y) {
    double* a = padded_[kA].data() + kRadius;
    double* b = padded_[kB].data() + kRadius;
    a_(y, a);
    b_(y, b);
    for (int d = 1; d <= kRadius; ++d) {
      for (double* row : {a, b}) {
        row[-d] = row[mirrored(-d, width_)];
        row[width_ - 1 + d] = row[mirrored(width_ - 1 + d, width_)];
      }
    }
    double* aa = padded_[kAA].data() + kRadius;
    double* bb = padded_[kBB].data() + kRadius;
    double* ab = padded_[kAB].data() + kRadius;
    for (int x = -kRadius; x < width_ + kRadius; ++x) {
      aa[x] = a[x] * a[x];
      bb[x] = b[x] * b[x];
      ab[x] = a[x] * b[x];
    }
    for (int m = 0; m < kMoments; ++m) {
      const double* in = padded_[static_cast<std::size_t>(m)].data() + kRadius;
      double* out = moment(y, m);
      for (int x = 0; x < width_; ++x) {
        out[x] = w_[0] * in[x] + w_[1] * (in[x - 1] + in[x + 1]) + w_[2] * (in[x - 2] + in[x + 2]) +
                 w_[3] * (in[x - 3] + in[x + 3]) + w_[4] * (in[x - 4] + in[x + 4]) + w_[5] * (in[x - 5] + in[x + 5]);
      }
    }
  }

  void filter_column(int y, int m) {
    std::array<const double*, kWindow> r{};
    for (int k = 0; k < kWindow; ++k) r[static_cast<std::size_t>(k)] = moment(mirrored(y + k - kRadius, height_), m);
    double* out = window_[static_cast<std::size_t>(m)].data();
    for (int x = 0; x < width_; ++x) {
      out[x] = w_[0] * r[5][x] + w_[1] * (r[4][x] + r[6][x]) + w_[2] * (r[3][x] + r[7][x]) +
               w_[3] * (r[2][x] + r[8][x]) + w_[4] * (r[1][x] + r[9][x]) + w_[5] * (r[0][x] + r[10][x]);
    }
  }

  double* moment(int y, int m) {
    return ring_[static_cast<std::size_t>(y % kWindow)].data() + static_cast<std::ptrdiff_t>(width_) * m;
  }

  int width_;
  int height_;
  const LumaRow& a_;
  const LumaRow& b_;
  int filtered_ = 0;  ///< number of rows filtered so far
  const std::array<double, kRadius + 1> w_ = gaussian();
  std::array<std::vector<double>, kMoments> padded_;
  std::array<std::vector<double>, kWindow> ring_;
  std::array<std::vector<double>, kMoments> window_;
};

}  // namespace

void for_each_ssim_row(int width, int height, const LumaRow& a, const LumaRow& b,
                       const std::function<void(int y, const double* values)>& visit) {
  Rows rows(width, height, a, b);
  std::vector<double> values(static_cast<std::size_t>(width));
  for (int y = 0; y < height; ++y) {
    rows.ssim(y, values.data());
    visit(y, values.data());
  }
}

}  // namespace zimage
