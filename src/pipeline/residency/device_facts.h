// Tells what a CUDA device can do, for `doctor`.
#pragma once

#include <string>
#include <vector>

namespace zimage {

struct DeviceFacts {
  std::string device;                  ///< "cuda:0"
  std::string name;                    ///< as the driver calls it; empty: it doesn't tell
  int capability = 0;                  ///< compute capability, major · 10 + minor; 0: unknown
  std::string driver;                  ///< the driver's release, like "580.95.05"; empty: unknown
  std::string cuda;                    ///< the newest CUDA that the driver knows, like "13.0"; empty: unknown
  bool bf16 = false;                   ///< it has matrix units for bf16 (from 8.0 on)
  bool fp8 = false;                    ///< it has matrix units for fp8 (from 8.9 on)
  std::vector<std::string> attention;  ///< the kinds of attention that work here: "flash", "cudnn", "efficient"
  // The program's own kernels (nn/kernels).
  int kernels_checked = 0;
  int kernels_agree = 0;
  std::string kernels_absent;                 ///< why there are none; empty: there are
  std::string kernels_compiler;               ///< the version of NVRTC
  std::vector<std::string> kernels_failures;  ///< what is wrong with those that don't agree
};

/// Asks the driver and tries things out on the device, after resolve_compute(). `device` is "cuda:N". Errors: kMemory
/// if there is no room to try anything, kRuntime if the device is lost.
DeviceFacts look_at_device(const std::string& device);

}  // namespace zimage
