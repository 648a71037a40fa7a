// A library with the functions of CUDA's driver and of NVRTC that the program uses (nn/kernels/cuda_functions.h), for
// machines without either. It has one device of compute capability 9.0. A kernel is its name; what a launch does says
// the test that opened the library, through fake_cuda().
#include "support/fake_cuda.h"

#include <cstddef>
#include <cstring>
#include <set>
#include <string>
#include <vector>

namespace {

zimage::test::FakeCuda fake;

struct Program {
  std::string source;
  std::vector<std::string> headers;
  std::string options;
};

int fails(const char* function) { return fake.failing == function ? fake.failure : 0; }

std::string text_of(const Program& program) {
  std::string text = "image\n" + program.options + program.source;
  for (const std::string& header : program.headers) text += header;
  return text;
}

}  // namespace

extern "C" {

zimage::test::FakeCuda* fake_cuda() { return &fake; }

int cuInit(unsigned) { return fails("cuInit"); }
int cuDriverGetVersion(int* version) {
  *version = 13010;
  return 0;
}
int cuGetErrorString(int, const char** text) {
  *text = "a planted error";
  return 0;
}
int cuDeviceGet(int* device, int index) {
  *device = index;
  return index == 0 ? 0 : 101;
}
int cuDeviceGetName(char* name, int size, int) {
  std::strncpy(name, "Fake Card", static_cast<std::size_t>(size));
  return 0;
}
int cuDeviceGetAttribute(int* value, int attribute, int) {
  *value = attribute == 75 ? fake.capability / 10 : attribute == 76 ? fake.capability % 10 : -1;
  return 0;
}
int cuDevicePrimaryCtxRetain(void** context, int) {
  *context = &fake.context;
  return fails("cuDevicePrimaryCtxRetain");
}
int cuCtxPushCurrent_v2(void* context) {
  fake.contexts.push_back(context);
  return 0;
}
int cuCtxPopCurrent_v2(void** context) {
  *context = fake.contexts.back();
  fake.contexts.pop_back();
  return 0;
}
int cuCtxGetCurrent(void** context) {
  *context = fake.contexts.empty() ? nullptr : fake.contexts.back();
  return 0;
}
int cuModuleLoadData(void** module, const void* image) {
  ++fake.modules;
  *module = const_cast<void*>(image);
  const bool right =
      std::memcmp(image, "image\n", 6) == 0 && !fake.contexts.empty() && fake.contexts.back() == &fake.context;
  return right ? fails("cuModuleLoadData") : 200;
}
int cuModuleGetFunction(void** function, void*, const char* name) {
  static std::set<std::string> names;
  *function = const_cast<char*>(names.insert(name).first->c_str());
  return fails("cuModuleGetFunction");
}
int cuLaunchKernel(void* function, unsigned x, unsigned y, unsigned z, unsigned block_x, unsigned block_y,
                   unsigned block_z, unsigned shared, void* stream, void** arguments, void** extra) {
  if (const int failure = fails("cuLaunchKernel")) return failure;
  if (y != 1 || z != 1 || block_z != 1 || extra != nullptr || fake.contexts.empty()) return 1;
  fake.launch({static_cast<const char*>(function), x, block_x, block_y, shared, stream, arguments[0],
               *static_cast<const long long*>(arguments[1])});
  return 0;
}

int nvrtcVersion(int* major, int* minor) {
  *major = 13;
  *minor = 1;
  return 0;
}
int nvrtcGetNumSupportedArchs(int* count) {
  *count = static_cast<int>(fake.archs.size());
  return 0;
}
int nvrtcGetSupportedArchs(int* archs) {
  for (std::size_t i = 0; i < fake.archs.size(); ++i) archs[i] = fake.archs[i];
  return 0;
}
int nvrtcCreateProgram(void** program, const char* source, const char*, int count, const char* const* headers,
                       const char* const* names) {
  auto* made = new Program{source, {}, {}};
  for (int i = 0; i < count; ++i) made->headers.push_back(std::string(names[i]) + headers[i]);
  *program = made;
  return 0;
}
int nvrtcCompileProgram(void* program, int count, const char* const* options) {
  ++fake.compilations;
  for (int i = 0; i < count; ++i) static_cast<Program*>(program)->options += std::string(options[i]) + "\n";
  return fails("nvrtcCompileProgram");
}
int nvrtcDestroyProgram(void** program) {
  delete static_cast<Program*>(*program);
  *program = nullptr;
  return 0;
}
// Like NVRTC's, the sizes count the NUL at the end of texts.
int nvrtcGetProgramLogSize(void*, std::size_t* size) {
  *size = fake.log.size() + 1;
  return 0;
}
int nvrtcGetProgramLog(void*, char* log) {
  std::memcpy(log, fake.log.c_str(), fake.log.size() + 1);
  return 0;
}
int nvrtcGetCUBINSize(void* program, std::size_t* size) {
  *size = text_of(*static_cast<Program*>(program)).size();
  return 0;
}
int nvrtcGetCUBIN(void* program, char* cubin) {
  const std::string text = text_of(*static_cast<Program*>(program));
  std::memcpy(cubin, text.data(), text.size());
  return 0;
}
int nvrtcGetPTXSize(void* program, std::size_t* size) {
  *size = text_of(*static_cast<Program*>(program)).size() + 1;
  return 0;
}
int nvrtcGetPTX(void* program, char* ptx) {
  const std::string text = text_of(*static_cast<Program*>(program));
  std::memcpy(ptx, text.c_str(), text.size() + 1);
  return 0;
}
const char* nvrtcGetErrorString(int) { return "NVRTC_ERROR_COMPILATION"; }

}  // extern "C"
