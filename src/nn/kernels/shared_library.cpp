#include "nn/kernels/shared_library.h"

#include <ATen/Context.h>
#include <dlfcn.h>
#include <link.h>

namespace zimage::nn::kernels {
namespace fs = std::filesystem;

SharedLibrary::SharedLibrary(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    handle_ = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ == nullptr) continue;
    link_map* map = nullptr;
    const bool told = dlinfo(handle_, RTLD_DI_LINKMAP, &map) == 0 && map != nullptr && *map->l_name != '\0';
    path_ = told ? map->l_name : name;
    return;
  }
}

void* SharedLibrary::find(const char* name) const { return handle_ == nullptr ? nullptr : dlsym(handle_, name); }

fs::path torch_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&at::globalContext), &info) == 0 || info.dli_fname == nullptr) return {};
  std::error_code error;
  const fs::path library = fs::canonical(info.dli_fname, error);
  return error ? fs::path() : library.parent_path();
}

}  // namespace zimage::nn::kernels
