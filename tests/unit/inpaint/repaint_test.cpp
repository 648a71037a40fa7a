#include "inpaint/repaint.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "image/mask_operations.h"
#include "inpaint/pixels.h"
#include "support/catch.h"

namespace zimage {
namespace {

TEST_CASE("a thin stroke reaches the latents wherever it lies, however the mask is scaled") {
  const int thickness = GENERATE(1, 2, 3, 5, 7);
  const int offset = GENERATE(range(0, 17));
  const bool upright = GENERATE(true, false);
  CAPTURE(thickness, offset, upright);
  Mask mask(96, 80);
  for (int along = 0; along < (upright ? 80 : 96); ++along) {
    for (int across = 20 + offset; across < 20 + offset + thickness; ++across) {
      mask.repaint[upright ? mask.index(across, along) : mask.index(along, across)] = 1;
    }
  }
  for (const double scale : {1.0, 0.31, 0.5, 1.7}) {
    const int width = std::max(1, static_cast<int>(96 * scale / 16)) * 16;
    const int height = std::max(1, static_cast<int>(80 * scale / 16)) * 16;
    const at::Tensor cells = latent_mask(to_mask_tensor(resize_mask(mask, width, height)));
    // Every row or column of cells that the stroke crosses has a painted cell.
    const at::Tensor crossed = std::get<0>(cells.max(upright ? 3 : 2));
    CHECK(crossed.min().item<double>() == 1.0);
    if (scale >= 0.5) CHECK(cells.sum().item<double>() < static_cast<double>(cells.numel()));
  }
}

TEST_CASE("a soft mask keeps a cell until its noise level, and a soft mask of 0 and 1 acts like a hard one") {
  RepaintBlend soft;
  soft.latent = at::full({1, 16, 1, 4}, 2.0);
  soft.noise = at::full({1, 16, 1, 4}, 4.0);
  soft.level = at::tensor({0.0, 0.4, 0.6, 1.0}).to(at::kFloat).reshape({1, 1, 1, 4});
  soft.mask = (soft.level > 0).to(at::kFloat);
  const at::Tensor x = at::full({1, 16, 1, 4}, 9.0);
  const auto freed = [&](double sigma) { return (soft(x, sigma)[0][5][0] == 9.0).to(at::kInt); };
  CHECK(at::equal(freed(1.0), at::tensor({0, 0, 0, 1})));
  CHECK(at::equal(freed(0.5), at::tensor({0, 0, 1, 1})));
  CHECK(at::equal(freed(0.4), at::tensor({0, 0, 1, 1})));
  CHECK(at::equal(freed(0.0), at::tensor({0, 1, 1, 1})));
  soft.level = at::tensor({0.0, 1.0, 1.0, 0.0}).to(at::kFloat).reshape({1, 1, 1, 4});
  const RepaintBlend hard{soft.level, soft.latent, soft.noise, {}};
  for (const double sigma : {1.0, 0.7, 0.3, 0.0}) CHECK(at::equal(soft(x, sigma), hard(x, sigma)));
}

}  // namespace
}  // namespace zimage
