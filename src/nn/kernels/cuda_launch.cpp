#include "nn/kernels/cuda_launch.h"

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "zimage/error.h"

namespace zimage::nn::kernels {
namespace {

constexpr i64 kWarp = 32;
/// Threads of a block of small groups: enough that a multiprocessor, which holds 16 to 32 blocks, is full.
constexpr i64 kBlockThreads = 256;
/// The most blocks of a grid in its first dimension, by CUDA's table of technical specifications.
constexpr i64 kMaxBlocks = std::numeric_limits<std::int32_t>::max();

}  // namespace

CudaGrid cuda_grid(const Launch& launch) {
  if (launch.rows <= 0) return {};
  const i64 lanes = lanes_for(launch.kernel, launch.width);
  // A barrier is for a whole block, so that a group of several warps has a block of its own.
  const i64 groups = lanes > kWarp ? 1 : kBlockThreads / kWarp;
  const i64 blocks = (launch.rows + groups - 1) / groups;
  if (blocks > kMaxBlocks) {
    throw Error(
        ErrorCode::kRuntime,
        concat({"the kernel ", info_of(launch.kernel).name, " can't start for ", std::to_string(launch.rows), " rows"}),
        "use a smaller working size (--megapixels)");
  }
  CudaGrid grid;
  grid.blocks = static_cast<std::uint32_t>(blocks);
  grid.lanes = static_cast<std::uint32_t>(lanes);
  grid.groups = static_cast<std::uint32_t>(groups);
  if (lanes > kWarp) grid.shared_bytes = 2 * grid.lanes * static_cast<std::uint32_t>(sizeof(float));
  return grid;
}

const char* element_suffix(ElementId element) {
  switch (element) {
    case ElementId::kFloat: return "f32";
    case ElementId::kBf16: return "bf16";
    case ElementId::kHalf: return "f16";
  }
  return "";
}

const char* element_type(ElementId element) {
  switch (element) {
    case ElementId::kFloat: return "float";
    case ElementId::kBf16: return "Bf16";
    case ElementId::kHalf: return "Half";
  }
  return "";
}

std::string entry_name(KernelId kernel, ElementId element) {
  return concat({"zimage_", info_of(kernel).name, "_", element_suffix(element)});
}

}  // namespace zimage::nn::kernels
