// Compares whole pictures on a CUDA device with fp32 on the CPU.
#include "parity/dtype_bounds.h"
#include "support/catch.h"

namespace zimage::test {
namespace {

TEST_CASE("fp32 on CUDA is within two levels of the CPU") {
  const char* model = GENERATE("a", "b", "c");
  CAPTURE(model);
  const Image cpu = inpaint_fixture(model, "cpu", "fp32");
  CHECK(share_within(inpaint_fixture(model, "cuda", "fp32"), cpu, kFP32Levels) >= kFP32Share);
}

TEST_CASE("bf16 on CUDA is within its stated bound of the CPU") {
  const char* model = GENERATE("a", "b", "c");
  CAPTURE(model);
  const Image cpu = inpaint_fixture(model, "cpu", "fp32");
  CHECK(mean_difference(inpaint_fixture(model, "cuda", "bf16"), cpu) <= kBF16MeanLevels);
}

TEST_CASE("the same run on CUDA gives the same picture") {
  CHECK(inpaint_fixture("a", "cuda", "bf16").samples == inpaint_fixture("a", "cuda", "bf16").samples);
}

}  // namespace
}  // namespace zimage::test
