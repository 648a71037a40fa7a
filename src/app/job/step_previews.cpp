#include "app/job/step_previews.h"

#include <algorithm>
#include <filesystem>

#include "app/job/naming.h"
#include "app/job/side_outputs.h"
#include "codecs/image_file.h"
#include "image/scale.h"
#include "zimage/error.h"

namespace zimage::app {
namespace fs = std::filesystem;
namespace {

const fs::path& steps_path(const StepPreviews::Picture& picture) {
  return picture.spec->output.results[picture.k].steps_path;
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw Error(ErrorCode::kRuntime, "the folder " + folder.string() + " can't be made: " + error.message(),
                "give --save-previews another one");
  }
}

}  // namespace

bool StepPreviews::wants_previews() {
  const bool saved = std::any_of(pictures_.begin(), pictures_.end(),
                                 [](const Picture& picture) { return !steps_path(picture).empty(); });
  return saved || observer_.wants_previews();
}

void StepPreviews::preview(const StepPreview& preview) {
  const Picture& picture = pictures_.at(preview.picture);
  if (const fs::path& to = steps_path(picture); !to.empty()) {
    make_folder(to.parent_path());
    const Image large = enlarge(preview.image, preview.region.working_width, preview.region.working_height);
    write_beside(*picture.spec, step_path(to, preview.step, preview.total), codecs::encode_image(large, {}));
  }
  if (observer_.wants_previews()) observer_.preview(preview);
}

}  // namespace zimage::app
