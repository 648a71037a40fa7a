#include "nn/kernels/cuda_compiler.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/text.h"
#include "nn/kernels/cuda_functions.h"
#include "nn/kernels/cuda_launch.h"
#include "nn/kernels/cuda_sources.h"
#include "zimage/error.h"

namespace zimage::nn::kernels {
namespace fs = std::filesystem;

namespace {

void require(const NvrtcFunctions& nvrtc, int result, const char* what) {
  if (result == 0) return;
  throw Error(ErrorCode::kRuntime, concat({what, ": ", nvrtc.error_text(result)}));
}

/// A program of NVRTC, for its lifetime.
class Program {
 public:
  explicit Program(const NvrtcFunctions& nvrtc) : nvrtc_(nvrtc) {
    const auto sources = kernel_sources();
    std::vector<const char*> texts, names;
    for (const KernelSource& source : sources.subspan(1)) {
      texts.push_back(source.text);
      names.push_back(source.name);
    }
    require(nvrtc,
            nvrtc.create(&program_, sources.front().text, sources.front().name, static_cast<int>(texts.size()),
                         texts.data(), names.data()),
            "NVRTC can't take the kernels");
  }
  ~Program() { nvrtc_.destroy(&program_); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  int compile(const std::vector<std::string>& options) {
    std::vector<const char*> words;
    for (const std::string& option : options) words.push_back(option.c_str());
    return nvrtc_.compile(program_, static_cast<int>(words.size()), words.data());
  }

  std::string log() {
    std::string text = read<std::string>(nvrtc_.log_size, nvrtc_.log);
    while (!text.empty() && (text.back() == '\0' || text.back() == '\n')) text.pop_back();
    return text;
  }
  std::vector<std::uint8_t> image(bool ptx) {
    return ptx ? read<std::vector<std::uint8_t>>(nvrtc_.ptx_size, nvrtc_.ptx)
               : read<std::vector<std::uint8_t>>(nvrtc_.cubin_size, nvrtc_.cubin);
  }

 private:
  template <class Bytes>
  Bytes read(int (*size)(void*, std::size_t*), int (*get)(void*, char*)) {
    std::size_t count = 0;
    require(nvrtc_, size(program_, &count), "NVRTC gives nothing back");
    Bytes bytes(count, {});
    if (count > 0) require(nvrtc_, get(program_, reinterpret_cast<char*>(bytes.data())), "NVRTC gives nothing back");
    return bytes;
  }

  const NvrtcFunctions& nvrtc_;
  void* program_ = nullptr;
};

/// Returns the files of a folder that begin with `prefix`, the last by name first. NVRTC's libraries end in a version:
/// libnvrtc.so.13.
std::vector<std::string> files_in(const fs::path& folder, std::string_view prefix) {
  std::vector<std::string> found;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    if (entry->path().filename().string().starts_with(prefix)) found.push_back(entry->path().string());
  }
  std::sort(found.rbegin(), found.rend());
  return found;
}

/// Returns where NVRTC may be. libtorch_cuda was linked with it, so that the first names find the library that is
/// already open. Else it lies in a neighbour of torch's own package, in torch's folder, or in a CUDA toolkit.
std::vector<std::string> nvrtc_places() {
  std::vector<std::string> places{"libnvrtc.so.13", "libnvrtc.so.12"};
  const auto add = [&](const fs::path& folder) {
    for (std::string& path : files_in(folder, "libnvrtc.so")) places.push_back(std::move(path));
  };
  const fs::path torch = torch_folder();
  if (!torch.empty()) {
    add(torch);
    for (const char* package : {"cu13", "cuda_nvrtc"}) add(torch / "../../nvidia" / package / "lib");
  }
  if (const char* home = std::getenv("CUDA_HOME")) add(fs::path(home) / "lib64");
  add("/usr/local/cuda/lib64");
  return places;
}

/// The lines that say what is wrong begin with a file, a line and "error".
std::string first_error(const std::string& log) {
  const std::size_t at = log.find("error");
  if (at == std::string::npos) return log.substr(0, log.find('\n'));
  const std::size_t begin = log.rfind('\n', at) == std::string::npos ? 0 : log.rfind('\n', at) + 1;
  return log.substr(begin, log.find('\n', at) - begin);
}

/// NVRTC opens a second library by its name alone when it compiles, and doesn't look for it in its own folder. A
/// library of that name that is open already is taken.
void open_builtins(const std::string& nvrtc) {
  const SharedLibrary builtins(files_in(fs::path(nvrtc).parent_path(), "libnvrtc-builtins.so"));
}

/// A product and a sum are rounded one after the other, as in the bodies on the CPU and in ATen's operations.
std::vector<std::string> options_for(ElementId element, const CudaTarget& target) {
  return {concat({"--gpu-architecture=", target.name()}),
          "--std=c++17",
          "--fmad=false",
          "--device-as-default-execution-space",
          concat({"-DZIMAGE_ELEMENT=", element_type(element)}),
          concat({"-DZIMAGE_SUFFIX=", element_suffix(element)})};
}

}  // namespace

std::string CudaTarget::name() const { return concat({ptx ? "compute_" : "sm_", std::to_string(capability)}); }

CudaCompiler::CudaCompiler() = default;
CudaCompiler::~CudaCompiler() = default;

std::unique_ptr<CudaCompiler> CudaCompiler::open(std::string& reason, const std::string& library) {
  SharedLibrary opened(library.empty() ? nvrtc_places() : std::vector<std::string>{library});
  if (!opened.valid()) {
    reason = library.empty() ? "NVRTC (libnvrtc), which comes with libtorch for CUDA, isn't there"
                             : concat({"NVRTC can't be opened from ", in_quotes(library)});
    return nullptr;
  }
  std::unique_ptr<CudaCompiler> compiler(new CudaCompiler);
  compiler->functions_ = std::make_unique<NvrtcFunctions>(std::move(opened));
  NvrtcFunctions& nvrtc = *compiler->functions_;
  if (const char* missing = bind_all(nvrtc)) {
    reason = concat({"NVRTC in ", in_quotes(nvrtc.library.path()), " has no function ", missing});
    return nullptr;
  }
  int major = 0, minor = 0;
  if (nvrtc.version(&major, &minor) != 0) {
    reason = concat({"NVRTC in ", in_quotes(nvrtc.library.path()), " doesn't tell its version"});
    return nullptr;
  }
  open_builtins(nvrtc.library.path());
  nvrtc.version_text = concat({std::to_string(major), ".", std::to_string(minor)});
  return compiler;
}

const std::string& CudaCompiler::version() const { return functions_->version_text; }
const std::string& CudaCompiler::path() const { return functions_->library.path(); }

CudaTarget CudaCompiler::target_for(int capability) const {
  const NvrtcFunctions& nvrtc = *functions_;
  int count = 0;
  require(nvrtc, nvrtc.archs_count(&count), "NVRTC doesn't tell its architectures");
  std::vector<int> known(static_cast<std::size_t>(count));
  if (count > 0) require(nvrtc, nvrtc.archs(known.data()), "NVRTC doesn't tell its architectures");
  int newest = 0;
  for (const int arch : known) {
    if (arch == capability) return {capability, false};
    if (arch < capability) newest = std::max(newest, arch);
  }
  // PTX runs on every later architecture.
  if (newest > 0) return {newest, true};
  throw Error(ErrorCode::kRuntime,
              concat({"NVRTC ", version(), " compiles nothing for sm_", std::to_string(capability)}));
}

CudaCompiler::Code CudaCompiler::compile(ElementId element, const CudaTarget& target, bool verbose) const {
  Program program(*functions_);
  std::vector<std::string> options = options_for(element, target);
  if (verbose) options.emplace_back("--ptxas-options=-v");
  const int result = program.compile(options);
  Code code;
  code.log = program.log();
  if (result != 0) {
    throw Error(ErrorCode::kRuntime, concat({"NVRTC ", version(), " doesn't compile the kernels for ", target.name(),
                                             ": ", printable(first_error(code.log))}));
  }
  code.image = program.image(target.ptx);
  return code;
}

std::string CudaCompiler::key(ElementId element, const CudaTarget& target) const {
  std::string key = concat({"NVRTC ", version()});
  for (const std::string& option : options_for(element, target)) key += concat({"\n", option});
  for (const KernelSource& source : kernel_sources()) key += concat({"\n", source.name, "\n", source.text});
  return key;
}

}  // namespace zimage::nn::kernels
