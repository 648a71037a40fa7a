#include "pipeline/residency/weight_bytes.h"

namespace zimage {

std::uint64_t weight_bytes(const WeightSource& source, at::ScalarType dtype) {
  std::uint64_t bytes = 0;
  for (const auto& name : source.names()) {
    const WeightInfo& info = *source.find(name);
    const auto count = static_cast<std::uint64_t>(count_values(info.shape));
    bytes += is_dense(info.encoding) ? count * c10::elementSize(dtype) : info.bytes;
  }
  return bytes;
}

}  // namespace zimage
