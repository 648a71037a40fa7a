#include "pipeline/residency/machine.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <thread>

#include "pipeline/residency/compute.h"
#include "pipeline/residency/cuda_library.h"
#include "pipeline/residency/memory_limit.h"

namespace zimage {
namespace fs = std::filesystem;
namespace {

/// Returns what follows the colon in a system file's first line that begins with `name`; empty if there is none.
std::string field_of(const fs::path& path, const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(':');
    if (!line.starts_with(name) || colon == std::string::npos) continue;
    const auto begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return static_cast<int>(std::thread::hardware_concurrency());
}

std::vector<CUDADevice> find_cuda_devices() {
  std::vector<CUDADevice> devices;
  const int count = cuda_devices();
  for (int i = 0; i < count; ++i) {
    CUDADevice device;
    device.index = i;
    try {
      at::globalContext().lazyInitDevice(at::kCUDA);
      const auto [free, total] = at::getDeviceAllocator(at::kCUDA)->getMemoryInfo(static_cast<c10::DeviceIndex>(i));
      device.free_bytes = free;
      device.total_bytes = total;
    } catch (const std::exception&) {
      // A device in another process's exclusive use doesn't tell its memory, but is worth listing all the same.
    }
    devices.push_back(device);
  }
  return devices;
}

std::vector<std::string> find_nvidia_gpus() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc/driver/nvidia/gpus", error)) {
    const std::string name = field_of(entry.path() / "information", "Model");
    if (!name.empty()) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Machine look_at_machine() {
  Machine machine;
  machine.cpu = field_of("/proc/cpuinfo", "model name");
  machine.cores = usable_cores();
  machine.vector_level = at::get_cpu_capability();
  machine.memory_bytes = memory_limit_bytes();
  machine.available_bytes = std::min(machine.memory_bytes, available_memory_bytes());
  machine.cuda_build = has_cuda();
  machine.cuda_devices = find_cuda_devices();
  machine.nvidia_gpus = find_nvidia_gpus();
  return machine;
}

ChosenCompute choose_compute(const ComputeOptions& options) {
  return {resolve_compute(options).device_name, at::get_num_threads()};
}

}  // namespace zimage
