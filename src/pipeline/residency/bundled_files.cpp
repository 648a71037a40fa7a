#include "pipeline/residency/bundled_files.h"

#include <system_error>

#include "zimage/inpainter.h"

namespace zimage {

namespace {

std::filesystem::path executable_folder() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

}  // namespace

std::filesystem::path find_bundled(const std::filesystem::path& folder, const std::string& in_share,
                                   const std::string& in_source) {
  if (folder.empty()) return {};
  std::error_code error;
  for (const std::string& place :
       {"../share/zimage-inpaint/" + in_share, "../../../share/zimage-inpaint/" + in_share, "../" + in_source}) {
    const auto path = (folder / place).lexically_normal();
    if (std::filesystem::is_regular_file(path, error)) return path;
  }
  return {};
}

std::filesystem::path bundled_model() {
  const char* const index = "models/demo/model_index.json";
  return find_bundled(executable_folder(), index, index).parent_path();
}

std::filesystem::path bundled_tokenizer() {
  return find_bundled(executable_folder(), "tokenizer/qwen3.merges", "data/tokenizer/qwen3.merges");
}

}  // namespace zimage
