#include "sampling/guidance.h"

#include <ATen/ATen.h>

#include "sampling/schedule.h"
#include "support/catch.h"

namespace zimage {
namespace {

at::Tensor filled(double first, double second) {
  return at::cat({at::full({1, 2, 2, 1}, first), at::full({1, 2, 2, 1}, second)}, 0);
}

TEST_CASE("guidance is the positive prediction at scale 1 and goes away from the negative one above it") {
  const at::Tensor positive = filled(2.0, -1.0);
  const at::Tensor negative = filled(1.0, 1.0);
  CHECK(at::equal(guide(positive, negative, 1.0), positive));
  CHECK(at::equal(guide(positive, negative, 3.0), filled(4.0, -5.0)));
  CHECK(at::equal(guide(positive, negative, 0.0), negative));
}

TEST_CASE("normalization limits each picture's norm by that of its own positive prediction") {
  const at::Tensor positive = filled(2.0, -1.0);
  const at::Tensor negative = filled(1.0, -3.0);
  // Guided: 4 and 3, which are 2 and 3 times as long as the positive predictions.
  CHECK(at::equal(guide(positive, negative, 3.0, 0.0), filled(4.0, 3.0)));
  CHECK(at::equal(guide(positive, negative, 3.0, 1.0), filled(2.0, 1.0)));
  CHECK(at::equal(guide(positive, negative, 3.0, 2.5), filled(4.0, 2.5)));
  CHECK(at::equal(guide(positive, negative, 3.0, 0.5), filled(1.0, 0.5)));
  CHECK(at::equal(guide(positive, negative, 3.0, 1000.0), filled(4.0, 3.0)));
  // A prediction of zeros has no direction to scale.
  CHECK(at::equal(guide(filled(0.0, 0.0), filled(0.0, 0.0), 3.0, 1.0), filled(0.0, 0.0)));
}

TEST_CASE("truncation ends guidance below a noise level") {
  CHECK(guided_at(1.0, 0.0));
  CHECK_FALSE(guided_at(0.99, 0.0));
  CHECK(guided_at(0.75, 0.25));
  CHECK_FALSE(guided_at(0.74, 0.25));
  CHECK(guided_at(1e-6, 1.0));
  // In fp32 these levels are a hair below 0.9 and above 0.3, and diffusers compares what it then computes.
  CHECK_FALSE(guided_at(static_cast<double>(0.9F), 0.1));
  CHECK(guided_at(static_cast<double>(0.3F), 0.7));
}

TEST_CASE("guided steps are counted in every descent, and the level a descent ends at is none") {
  const std::vector<double> sigmas{1.0, 0.9, 0.75, 0.5, 0.0};
  CHECK(count_guided_steps(sigmas, 1.0) == count_steps(sigmas));
  CHECK(count_guided_steps(sigmas, 0.25) == 3);
  CHECK(count_guided_steps(sigmas, 0.0) == 1);
  const std::vector<double> jumping{1.0, 0.75, 0.5, 0.75, 0.5, 0.0};
  CHECK(count_steps(jumping) == 4);
  CHECK(count_guided_steps(jumping, 0.25) == 3);
  CHECK(count_guided_steps(jumping, 0.5) == 4);
}

}  // namespace
}  // namespace zimage
