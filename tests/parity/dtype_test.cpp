// bf16 on the CPU stays near fp32, within the bound that a CUDA device must meet as well.
#include "parity/dtype_bounds.h"
#include "support/catch.h"

namespace zimage::test {
namespace {

TEST_CASE("bf16 stays within its stated bound of fp32", "[parity]") {
  const char* model = GENERATE("a", "b", "c");
  CAPTURE(model);
  const double mean = mean_difference(inpaint_fixture(model, "cpu", "bf16"), inpaint_fixture(model, "cpu", "fp32"));
  CHECK(mean <= kBF16MeanLevels);
  CHECK(mean >= kBF16MeanLevels / 100);
}

TEST_CASE("the same run gives the same picture", "[parity]") {
  CHECK(inpaint_fixture("a", "cpu", "fp32").samples == inpaint_fixture("a", "cpu", "fp32").samples);
}

}  // namespace
}  // namespace zimage::test
