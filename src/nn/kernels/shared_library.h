// Opens shared libraries while the program runs, for what isn't on every machine.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace zimage::nn::kernels {

/// A library that stays open until the process ends: CUDA's must not be closed, as libtorch uses them to the last.
class SharedLibrary {
 public:
  /// Opens the first of the names that the system finds; a name with a slash is a path. Not valid() if there is none.
  explicit SharedLibrary(const std::vector<std::string>& names);

  bool valid() const { return handle_ != nullptr; }
  /// Returns the path the library was opened from, or its name if the system doesn't tell.
  const std::string& path() const { return path_; }

  /// Lets `function` be the library's function of that name. Returns whether there is one.
  template <class F>
  bool bind(const char* name, F*& function) const {
    function = reinterpret_cast<F*>(find(name));
    return function != nullptr;
  }

 private:
  void* find(const char* name) const;

  void* handle_ = nullptr;
  std::string path_;
};

/// Returns the folder of the libtorch that this process uses; empty if the system doesn't tell.
std::filesystem::path torch_folder();

}  // namespace zimage::nn::kernels
