// Compiles the kernels for a device while the program runs, by NVRTC: libtorch's CUDA builds bring it along, and it
// needs neither a CUDA toolkit nor a device.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "nn/kernels/args.h"

namespace zimage::nn::kernels {

struct NvrtcFunctions;

/// What a device is given: machine code for its very architecture (a cubin), or PTX if NVRTC is older than the device,
/// which the driver then translates.
struct CudaTarget {
  int capability = 0;  ///< major · 10 + minor
  bool ptx = false;

  /// Returns "sm_90" or "compute_90".
  std::string name() const;
};

class CudaCompiler {
 public:
  /// Opens NVRTC: the one that libtorch uses, else one beside libtorch or of a CUDA toolkit. `library`, if it isn't
  /// empty, is taken instead. Returns null if there is none, and `reason` says why.
  static std::unique_ptr<CudaCompiler> open(std::string& reason, const std::string& library = "");
  ~CudaCompiler();
  CudaCompiler(const CudaCompiler&) = delete;
  CudaCompiler& operator=(const CudaCompiler&) = delete;

  /// Returns NVRTC's version, like "13.0".
  const std::string& version() const;
  /// Returns the path of its library.
  const std::string& path() const;
  /// Returns what to compile for a device of this compute capability. Errors: kRuntime if NVRTC knows nothing that runs
  /// on it.
  CudaTarget target_for(int capability) const;

  struct Code {
    std::vector<std::uint8_t> image;  ///< a cubin, or PTX that ends in a NUL
    std::string log;                  ///< what the compiler says; with `verbose` also what each kernel takes
  };
  /// Compiles all kernels for an element. Errors: kRuntime with the compiler's first error.
  Code compile(ElementId element, const CudaTarget& target, bool verbose = false) const;
  /// Returns all that decides what compile() makes, but the code of NVRTC itself.
  std::string key(ElementId element, const CudaTarget& target) const;

 private:
  CudaCompiler();
  std::unique_ptr<NvrtcFunctions> functions_;
};

}  // namespace zimage::nn::kernels
