#include "weights/locate_checkpoint.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <vector>

#include "base/regular_file.h"
#include "base/text.h"
#include "zimage/error.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNeededHint = "a .safetensors or .gguf file is needed: see README, \"Get the model\"";

bool is_shard_name(const std::string& name) { return name.find("-of-") != std::string::npos; }

/// Chooses among a folder's files of weights, which are sorted.
LocatedCheckpoint choose(const fs::path& folder, const std::vector<fs::path>& found) {
  std::vector<std::string> names;
  for (const fs::path& file : found) names.push_back(file.filename().string());
  if (is_shard_name(names[0])) {
    if (found[0].extension() == ".gguf") {
      return {{},
              folder.string() + " has parts of a split GGUF (" + list_some(names, 3) + "), which is not supported",
              kMergeSplitGGUF};
    }
    return {{},
            folder.string() + " has shards (" + list_some(names, 3) + ") without their *.safetensors.index.json",
            "get the index file too; it is published beside the shards"};
  }
  if (found.size() == 1) return {found[0], "", ""};
  return {{},
          folder.string() + " has several files of weights (" + list_some(names, 3) + ") and none is called model",
          "name the file itself"};
}

LocatedCheckpoint search_folder(const fs::path& folder) {
  std::error_code error;
  for (const char* stem : {"diffusion_pytorch_model", "model"}) {
    for (const char* ending : {".safetensors.index.json", ".safetensors", ".gguf"}) {
      const fs::path candidate = folder / (std::string(stem) + ending);
      if (fs::is_regular_file(candidate, error)) return {candidate, "", ""};
    }
  }
  std::vector<fs::path> found;
  std::vector<std::string> others;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string ending = it->path().extension().string();
    if (ending == ".safetensors" || ending == ".gguf") found.push_back(it->path());
    if (ending == ".bin" || ending == ".pt" || ending == ".ckpt") others.push_back(it->path().filename().string());
  }
  if (error) return {{}, folder.string() + " can't be listed: " + error.message(), ""};
  std::sort(found.begin(), found.end());
  std::sort(others.begin(), others.end());
  if (found.empty()) {
    std::string problem = folder.string() + " has no .safetensors or .gguf file";
    if (!others.empty()) problem += ", only " + list_some(others, 3);
    return {{}, problem, kNeededHint};
  }
  return choose(folder, found);
}

}  // namespace

LocatedCheckpoint locate_checkpoint(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return {{}, path.string() + " does not exist", "check the path"};
  if (fs::is_directory(status)) return search_folder(path);
  return {path, "", ""};
}

fs::path require_checkpoint(const fs::path& path) {
  LocatedCheckpoint located = locate_checkpoint(path);
  if (located.file.empty()) throw Error(ErrorCode::kModel, located.problem, located.hint);
  return located.file;
}

}  // namespace zimage
