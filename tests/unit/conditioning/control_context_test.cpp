#include "conditioning/control_context.h"

#include <ATen/ATen.h>

#include <cmath>
#include <functional>

#include "conditioning/repaint.h"
#include "support/catch.h"

using namespace zimage;

namespace {

constexpr std::int64_t kSide = 128;

at::Tensor mask_of(const std::function<bool(double, double)>& inside) {
  at::Tensor mask = at::zeros({1, 1, kSide, kSide});
  float* values = mask.mutable_data_ptr<float>();
  for (std::int64_t y = 0; y < kSide; ++y) {
    for (std::int64_t x = 0; x < kSide; ++x) {
      values[y * kSide + x] = inside(static_cast<double>(x), static_cast<double>(y)) ? 1.0F : 0.0F;
    }
  }
  return mask;
}

/// The mask channel, [1, 1, h, w], 1 = keep.
at::Tensor keep_channel(const at::Tensor& mask) {
  const at::Tensor hole = at::zeros({1, 16, kSide / 8, kSide / 8});
  return inpaint_control_context({}, mask, hole).narrow(1, 16, 1);
}

at::Tensor nearest(const at::Tensor& mask) { return at::upsample_nearest2d(1.0 - mask, {kSide / 8, kSide / 8}); }

}  // namespace

TEST_CASE("the mask channel is the nearest neighbour's where a square of 8 fits") {
  const auto is_nearest = [](const at::Tensor& mask) { return at::equal(keep_channel(mask), nearest(mask)); };
  for (int offset = 0; offset < 8; ++offset) {
    CHECK(is_nearest(mask_of([&](double x, double y) { return x >= 20 + offset && x < 28 + offset && y > 30; })));
    CHECK(is_nearest(mask_of([&](double x, double y) { return std::hypot(x - 60 - offset, y - 55) < 21; })));
    // Its ends are narrow, as any rounded rim is.
    CHECK(is_nearest(mask_of([&](double x, double y) { return std::hypot((x - 60) / 3, y - 55 - offset) < 16; })));
  }
  CHECK(is_nearest(mask_of([](double, double) { return true; })));
  CHECK(is_nearest(mask_of([](double, double) { return false; })));
  // In a picture's corner too.
  CHECK(is_nearest(mask_of([](double x, double y) { return x >= 113 && y >= 115; })));
}

TEST_CASE("every cell that a thin stroke touches is told to the ControlNet") {
  for (const int thickness : {1, 2, 3, 5, 7}) {
    // Along the border as well, where no sample lies in the last seven pixels.
    const auto border = mask_of([&](double x, double y) { return x >= kSide - thickness || y >= kSide - thickness; });
    CHECK(at::equal(keep_channel(border), 1.0 - latent_mask(border)));
    for (int offset = 0; offset < 8; ++offset) {
      for (const double slope : {0.0, 0.21, 1.0, -0.6}) {
        const auto place = [&](double a, double b) { return a - slope * b - 40 - offset; };
        const double wide = thickness * std::sqrt(1 + slope * slope) * (slope == 0.0 ? 1.0 : 0.7);
        const at::Tensor along = mask_of([&](double x, double y) { return place(x, y) >= 0 && place(x, y) < wide; });
        const at::Tensor down = mask_of([&](double x, double y) { return place(y, x) >= 0 && place(y, x) < wide; });
        for (const at::Tensor& mask : {along, down}) CHECK(at::equal(keep_channel(mask), 1.0 - latent_mask(mask)));
      }
      const at::Tensor dot = mask_of([&](double x, double y) {
        return x >= 50 + offset && x < 50 + offset + thickness && y >= 37 && y < 37 + thickness;
      });
      CHECK(at::equal(keep_channel(dot), 1.0 - latent_mask(dot)));
    }
  }
}

TEST_CASE("a stroke beside a thick hole is told, and the hole's rim stays as it is") {
  const at::Tensor disc = mask_of([](double x, double y) { return std::hypot(x - 30, y - 30) < 22; });
  const at::Tensor stroke = mask_of([](double x, double y) { return x >= 99 && x < 101 && y > 20; });
  const at::Tensor both = keep_channel(at::maximum(disc, stroke));
  CHECK(at::equal(both, at::minimum(nearest(disc), 1.0 - latent_mask(stroke))));
  // By the nearest neighbour alone the stroke would be lost.
  CHECK(nearest(stroke).min().item<float>() == 1.0F);
}
