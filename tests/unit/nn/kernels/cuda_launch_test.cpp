#include "nn/kernels/cuda_launch.h"

#include <set>
#include <string>

#include "nn/kernels/cuda_compiler.h"
#include "nn/kernels/cuda_sources.h"
#include "support/catch.h"
#include "support/files.h"

namespace zimage::nn::kernels {
namespace {

Launch launch(KernelId kernel, i64 rows, i64 width) {
  return {.kernel = kernel, .element = ElementId::kBf16, .rows = rows, .width = width};
}

TEST_CASE("a grid has a group for each row, with the lanes that the CPU uses too") {
  for (const KernelInfo& info : kKernels) {
    for (const i64 width : {1, 2, 30, 128, 512, 513, 3840, 10240, 100000}) {
      for (const i64 rows : {1, 7, 8, 9, 4160, 249600}) {
        CAPTURE(info.name, width, rows);
        const CudaGrid grid = cuda_grid(launch(info.id, rows, width));
        CHECK(grid.lanes == lanes_for(info.id, width));
        CHECK(static_cast<i64>(grid.blocks) * grid.groups >= rows);
        CHECK((static_cast<i64>(grid.blocks) - 1) * grid.groups < rows);
        // What CudaGroup relies on: whole warps, and a larger group alone in its block, with memory for two steps.
        CHECK(grid.lanes % 32 == 0);
        CHECK((grid.lanes == 32 || grid.groups == 1));
        CHECK(grid.lanes * grid.groups <= 1024);
        CHECK(grid.shared_bytes == (grid.lanes == 32 ? 0 : grid.lanes * 2 * sizeof(float)));
      }
    }
  }
}

TEST_CASE("no rows need no blocks, and too many are refused") {
  CHECK(cuda_grid(launch(KernelId::kNorm, 0, 128)).blocks == 0);
  CHECK(cuda_grid(launch(KernelId::kNorm, 2147483647, 3840)).blocks == 2147483647);
  const auto error = test::error_of([] { cuda_grid(launch(KernelId::kNorm, 2147483648, 3840)); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kRuntime);
  CHECK(error->message() == "the kernel norm can't start for 2147483648 rows");
}

TEST_CASE("every kernel has a name of its own for each element") {
  std::set<std::string> names;
  for (const KernelInfo& info : kKernels) {
    for (const ElementId element : {ElementId::kFloat, ElementId::kBf16, ElementId::kHalf}) {
      names.insert(entry_name(info.id, element));
    }
  }
  CHECK(names.size() == 3 * static_cast<std::size_t>(kKernelCount));
  CHECK(names.contains("zimage_norm_rope_bf16"));
}

TEST_CASE("the program holds the kernels' sources, and all that they include") {
  const auto sources = kernel_sources();
  REQUIRE_FALSE(sources.empty());
  CHECK(std::string(sources.front().name) == "nn/kernels/cuda_entries.h");
  std::set<std::string> names;
  for (const KernelSource& source : sources) CHECK(names.insert(source.name).second);
  for (const KernelSource& source : sources) {
    CAPTURE(source.name);
    const std::string text = source.text;
    const test::Bytes file = test::read(std::filesystem::path(ZIMAGE_SOURCE_DIR) / "src" / source.name);
    CHECK(text == std::string(file.begin(), file.end()));
    // NVRTC has none of the standard library's headers.
    CHECK(text.find("#include <") == std::string::npos);
    const std::string begin = "#include \"";
    for (std::size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at + 1)) {
      const std::size_t from = at + begin.size();
      CHECK(names.contains(text.substr(from, text.find('"', from) - from)));
    }
  }
}

TEST_CASE("without NVRTC there is a reason and no compiler") {
  std::string reason;
  CHECK(CudaCompiler::open(reason, "/nowhere/libnvrtc.so.13") == nullptr);
  CHECK(reason == "NVRTC can't be opened from \"/nowhere/libnvrtc.so.13\"");
  // A library that is another one.
  CHECK(CudaCompiler::open(reason, "libm.so.6") == nullptr);
  CHECK(reason.find("has no function nvrtcVersion") != std::string::npos);
}

TEST_CASE("what a device is given has the name of its architecture") {
  CHECK(CudaTarget{90, false}.name() == "sm_90");
  CHECK(CudaTarget{120, true}.name() == "compute_120");
}

}  // namespace
}  // namespace zimage::nn::kernels
