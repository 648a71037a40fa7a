#include "inpaint/control_context.h"

#include <ATen/ATen.h>

#include "support/catch.h"

using namespace zimage;

TEST_CASE("a stroke that the mask channel's samples miss still has its grey hole") {
  // The channel is sampled by nearest neighbour, as in the ControlNets' training; docs/defaults.md says what that
  // costs.
  for (const int thickness : {1, 2, 3, 5, 7}) {
    at::Tensor mask = at::zeros({1, 1, 32, 32});
    mask.narrow(3, 9, thickness).fill_(1.0);
    const at::Tensor pixels = at::rand({1, 3, 32, 32});
    const at::Tensor dug = inpaint_pixels(pixels, mask);
    CHECK(dug.narrow(3, 9, thickness).eq(0.5).all().item<bool>());
    CHECK(at::allclose(dug.narrow(3, 0, 9), pixels.narrow(3, 0, 9)));
    const at::Tensor keep = inpaint_control_context({}, mask, at::zeros({1, 16, 4, 4})).select(1, 16);
    CHECK(keep.min().item<float>() == 1.0F);
  }
  at::Tensor thick = at::zeros({1, 1, 32, 32});
  thick.narrow(3, 9, 8).fill_(1.0);
  const at::Tensor keep = inpaint_control_context({}, thick, at::zeros({1, 16, 4, 4})).select(1, 16);
  CHECK(keep.sum().item<float>() == 12.0F);
}
