#include "pipeline/residency/memory_state.h"

#include <ATen/ATen.h>
#include <c10/core/CachingDeviceAllocator.h>

#include "pipeline/residency/memory_limit.h"

namespace zimage {

MemoryState look_at_memory(at::Device device) {
  MemoryState memory;
  memory.host = memory_limit_bytes();
  if (device.is_cpu()) {
    memory.free = available_memory_bytes();
    return memory;
  }
  at::globalContext().lazyInitDevice(device.type());
  const auto [free, total] = at::getDeviceAllocator(device.type())->getMemoryInfo(device.index());
  memory.device = total;
  memory.free = free;
  return memory;
}

}  // namespace zimage
