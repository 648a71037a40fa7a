#include "pipeline/residency/cuda_settings.h"

#include <ATen/Context.h>
#include <c10/core/AllocatorConfig.h>
#include <c10/core/CachingDeviceAllocator.h>

#include <string>

#include "nn/kernels/cuda_kernels.h"

namespace zimage {

void set_up_cuda() {
  auto& context = at::globalContext();
  context.setBenchmarkCuDNN(false);
  context.setDeterministicCuDNN(true);
  context.setAllowTF32CuDNN(false);
  context.setAllowTF32CuBLAS(false);
  nn::kernels::use_cuda_kernels();
  const std::string settings = c10::CachingAllocator::getAllocatorSettings();
  // The text encoder's blocks are of other sizes than the DiT's. Segments of fixed size would stay in pieces.
  if (settings.find("expandable_segments") != std::string::npos) return;
  c10::CachingAllocator::setAllocatorSettings(settings.empty() ? "expandable_segments:True"
                                                               : settings + ",expandable_segments:True");
}

void release_cached_memory(const at::Device& device) {
  if (!device.is_cpu()) c10::getDeviceAllocator(device.type())->emptyCache();
}

}  // namespace zimage
