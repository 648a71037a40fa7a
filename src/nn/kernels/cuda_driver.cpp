#include "nn/kernels/cuda_driver.h"

#include <array>
#include <utility>

#include "base/text.h"
#include "nn/cuda_errors.h"
#include "nn/kernels/cuda_functions.h"
#include "zimage/error.h"

namespace zimage::nn::kernels {

namespace {

constexpr int kCapabilityMajor = 75;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
constexpr int kCapabilityMinor = 76;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR

}  // namespace

CudaDriver::CudaDriver() = default;
CudaDriver::~CudaDriver() = default;

const CudaDriver* CudaDriver::get(std::string* reason) {
  struct Opened {
    std::string reason;
    std::unique_ptr<const CudaDriver> driver;
  };
  static const Opened& opened = *new Opened([] {
    Opened result;
    result.driver = open(result.reason);
    return result;
  }());
  if (reason != nullptr) *reason = opened.reason;
  return opened.driver.get();
}

std::unique_ptr<const CudaDriver> CudaDriver::open(std::string& reason, const std::string& name) {
  SharedLibrary library({name});
  if (!library.valid()) {
    reason = concat({"NVIDIA's driver (", printable(name), ") isn't there"});
    return nullptr;
  }
  std::unique_ptr<CudaDriver> driver(new CudaDriver);
  driver->functions_ = std::make_unique<CudaDriverFunctions>(std::move(library));
  if (const char* missing = bind_all(*driver->functions_)) {
    reason = concat({"NVIDIA's driver has no function ", missing});
    return nullptr;
  }
  try {
    driver->require(driver->functions_->init(0), "NVIDIA's driver can't begin");
  } catch (const Error& e) {
    reason = e.message();
    return nullptr;
  }
  return driver;
}

void CudaDriver::require(int result, const char* what) const {
  if (result == 0) return;
  const char* text = nullptr;
  functions_->error_text(result, &text);
  const std::string message = concat(
      {what, ": ", text == nullptr ? "unknown error" : printable(text), " (CUDA error ", std::to_string(result), ")"});
  if (result == kCudaOutOfMemory) {
    throw Error(ErrorCode::kMemory, message, "other programs fill the device's memory: end them, or use --device cpu");
  }
  const Error error(ErrorCode::kRuntime, message, "check the driver, or use --device cpu");
  throw cuda_error_lasts(result) ? error.as_fatal() : error;
}

std::string CudaDriver::cuda_version() const {
  int version = 0;
  require(functions_->driver_version(&version), "the driver doesn't tell its version");
  return concat({std::to_string(version / 1000), ".", std::to_string(version % 1000 / 10)});
}

std::string CudaDriver::device_name(int index) const {
  std::array<char, 256> name{};
  int device = 0;
  if (functions_->device(&device, index) != 0) return "";
  return functions_->name(name.data(), static_cast<int>(name.size()) - 1, device) == 0 ? printable(name.data()) : "";
}

int CudaDriver::capability(int index) const {
  int device = 0, major = 0, minor = 0;
  require(functions_->device(&device, index), "the driver doesn't know the device");
  require(functions_->attribute(&major, kCapabilityMajor, device), "the device doesn't tell its compute capability");
  require(functions_->attribute(&minor, kCapabilityMinor, device), "the device doesn't tell its compute capability");
  return major * 10 + minor;
}

void* CudaDriver::primary_context(int index) const {
  int device = 0;
  void* context = nullptr;
  require(functions_->device(&device, index), "the driver doesn't know the device");
  require(functions_->retain(&context, device), "the device can't be used");
  return context;
}

void* CudaDriver::load_module(const void* image) const {
  void* module = nullptr;
  require(functions_->load(&module, image), "the device doesn't load the kernels");
  return module;
}

void* CudaDriver::function(void* module, const char* name) const {
  void* function = nullptr;
  require(functions_->find(&function, module, name), concat({"there is no kernel ", name}).c_str());
  return function;
}

void CudaDriver::launch(void* function, const CudaGrid& grid, void* stream, void** arguments) const {
  require(functions_->launch(function, grid.blocks, 1, 1, grid.lanes, grid.groups, 1, grid.shared_bytes, stream,
                             arguments, nullptr),
          "a kernel can't start");
}

CudaDriver::ContextScope::ContextScope(const CudaDriver& driver, void* context) : driver_(driver) {
  void* current = nullptr;
  driver.require(driver.functions_->current(&current), "the device can't be used");
  // libtorch made its own context current, so this is all but always the case.
  if (current == context) return;
  driver.require(driver.functions_->push(context), "the device can't be used");
  pushed_ = true;
}

CudaDriver::ContextScope::~ContextScope() {
  void* popped = nullptr;
  if (pushed_) driver_.functions_->pop(&popped);
}

}  // namespace zimage::nn::kernels
