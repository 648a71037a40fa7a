// What a job is to do: the values that its options come to, checked, and what follows from them alone. resolve() makes
// it, and nobody changes it after. What is read from the job's files is in LoadedInputs (app/job/inputs.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codecs/image_file.h"
#include "image/canvas.h"
#include "image/mask.h"
#include "zimage/model_paths.h"
#include "zimage/request.h"

namespace zimage::app {

struct OptionSpec;

/// What a batch settles for its jobs; a single run has nothing of it.
struct JobPlace {
  bool batch = false;
  std::filesystem::path folder{};            ///< the result goes there under the picture's own name; empty: as -o says
  std::filesystem::path subfolder{};         ///< of `folder` in the output tree, for a tree of golden pictures
  std::optional<std::uint64_t> random_seed;  ///< drawn once for all jobs that give none
};

/// --mask and what is done to it.
struct MaskSpec {
  std::filesystem::path path{};  ///< empty with from_alpha, or with --outpaint alone
  bool from_alpha = false;
  MaskReading reading{};
  bool fill_holes = false;
  int grow = 0;
};

/// One result of a job.
struct PlannedOutput {
  std::filesystem::path path;  ///< empty: PNG bytes on stdout
  std::uint64_t seed = 0;
  std::filesystem::path latents_path;       ///< empty: latents aren't saved
  std::filesystem::path golden{};           ///< the picture it is compared with; empty: none
  std::filesystem::path difference_path{};  ///< where a mismatch with it is drawn; empty: nowhere
};

/// The files a job writes.
struct OutputPlan {
  std::vector<PlannedOutput> results;
  codecs::ImageFormat format = codecs::ImageFormat::kPng;
  std::filesystem::path save_mask{};  ///< empty: not saved
  std::filesystem::path save_crop{};  ///< empty: not saved
};

struct JobSpec {
  std::span<const OptionSpec> options;  ///< the table that the values below were bound by
  bool batch = false;                   ///< one of several jobs

  ModelPaths model;
  bool model_given = false;  ///< by --model, a replay or a configuration file, not by the environment or the bundle
  ComputeOptions compute;

  std::filesystem::path image;
  codecs::ImageFormat input_format = codecs::ImageFormat::kPng;  ///< by the picture's first bytes
  MaskSpec mask;
  Borders outpaint;                     ///< what picture and mask are grown by
  std::filesystem::path control_image;  ///< empty: none
  std::string prompt;
  std::string negative_prompt;

  Sampling sampling;
  std::uint64_t seed = 0;  ///< of the first result
  bool seed_given = false;
  CropMode crop = CropMode::kOff;
  std::optional<int> padding;
  std::optional<double> megapixels;
  bool composite = true;
  int feather = 0;
  bool color_match = false;

  OutputPlan output;
  std::optional<int> quality;  ///< empty: the format's default
  bool overwrite = false;
  bool skip_existing = false;
  bool no_metadata = false;
  bool dry_run = false;

  int golden_tolerance = 0;  ///< in 8-bit levels
  bool golden_update = false;

  std::string replay_metadata;  ///< the JSON of --replay's picture; empty without
};

}  // namespace zimage::app
