#include "weights/model_files.h"

#include <system_error>

#include "base/regular_file.h"
#include "weights/layout/model_layout.h"
#include "weights/layout/part_config.h"
#include "weights/layout/part_finder.h"
#include "zimage/error.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

std::string read_index(const std::vector<fs::path>& bases) {
  std::error_code error;
  for (const fs::path& base : bases) {
    const fs::path path = base / "model_index.json";
    if (fs::exists(path, error)) return read_text(path, kMaxConfigBytes, ErrorCode::kModel);
  }
  return {};
}

ComponentFiles find_scheduler(const std::vector<fs::path>& bases) {
  std::error_code error;
  for (const fs::path& base : bases) {
    const fs::path path = base / "scheduler/scheduler_config.json";
    if (fs::exists(path, error)) return {{}, path, read_text(path, kMaxConfigBytes, ErrorCode::kModel)};
  }
  return {};
}

ModelFiles surroundings_of(const ModelLayout& layout) {
  ModelFiles files;
  files.name = layout.name;
  files.index = read_index(layout.bases);
  files.trees = layout.trees;
  files.scheduler = find_scheduler(layout.bases);
  files.dit.weights = layout.dit;
  return files;
}

}  // namespace

ModelFiles find_surroundings(const fs::path& model) {
  HeaderReader headers;
  return surroundings_of(read_layout(model, headers));
}

ModelFiles find_model(const ModelPaths& paths) {
  HeaderReader headers;
  const ModelLayout layout = read_layout(paths.model, headers);
  PartFinder finder(layout, headers);
  ModelFiles files = surroundings_of(layout);
  files.dit = finder.dit();
  files.text_encoder = finder.find(Part::kTextEncoder, paths.text_encoder);
  files.tokenizer = finder.tokenizer(paths.tokenizer, files.text_encoder);
  files.vae = finder.find(Part::kVAE, paths.vae);
  if (!paths.controlnet.empty()) files.controlnet = finder.given(Part::kControlNet, paths.controlnet);
  finder.check(paths.model);
  return files;
}

}  // namespace zimage
