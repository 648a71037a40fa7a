// Says what a job is to do: the checked values of its options, and what follows from them alone. resolve() makes it,
// and afterwards only RunningJob::follow_model() changes it, which fills in the settings that the model decides. What
// is read from the job's files is in LoadedInputs (app/job/inputs.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/options/mask_source.h"
#include "codecs/image_file.h"
#include "image/canvas.h"
#include "image/mask.h"
#include "zimage/model_paths.h"
#include "zimage/request.h"

namespace zimage::app {

struct OptionSpec;

/// A batch decides these for its jobs; in a single run they are empty.
struct JobPlace {
  bool batch = false;
  std::filesystem::path folder{};     ///< the result goes there under the picture's own name; empty: as -o says
  std::filesystem::path subfolder{};  ///< `folder` relative to the output tree's root, for a tree of golden pictures
  std::optional<std::uint64_t> random_seed;  ///< drawn once for all jobs that give none
};

/// One value of a mask's file: a level as the file holds it (a palette's entry, a grey value), or a colour.
struct MaskLabel {
  std::optional<int> level{};  ///< empty: the colour counts
  MaskColor color{};           ///< 8 bits a channel
};

/// Says where the mask comes from, and what is done to it.
struct MaskSpec : MaskSource {
  MaskReading reading{};             ///< its label is known once the file is read
  std::optional<MaskLabel> label{};  ///< if set, what has it is repainted, and the threshold doesn't count
  bool fill_holes = false;
  int grow = 0;
};

/// One result of a job.
struct PlannedOutput {
  std::filesystem::path path;  ///< empty: PNG bytes on stdout
  std::uint64_t seed = 0;
  std::filesystem::path latents_path;       ///< empty: latents aren't saved
  std::filesystem::path steps_path{};       ///< a step's preview goes there with its number; empty: none are saved
  std::filesystem::path golden{};           ///< the picture it is compared with; empty: none
  std::filesystem::path difference_path{};  ///< where a mismatch with it is drawn; empty: nowhere
};

/// The files a job writes.
struct OutputPlan {
  std::vector<PlannedOutput> results;
  codecs::ImageFormat format = codecs::ImageFormat::kPng;
  std::filesystem::path save_mask{};  ///< empty: not saved
  std::filesystem::path save_crop{};  ///< empty: not saved
  bool preview = false;               ///< draw what would be repainted: that is the one result, and nothing runs
};

/// One job's options, resolved.
struct JobSpec {
  std::span<const OptionSpec> options;  ///< the table whose bindings set the values below
  bool batch = false;                   ///< one of several jobs

  ModelPaths model;
  bool model_given = false;  ///< by --model, a replay or a configuration file; not by the environment or bundled
  ComputeOptions compute;

  std::filesystem::path image;                                     ///< "-": stdin
  std::shared_ptr<const std::vector<std::uint8_t>> stdin_picture;  ///< the bytes of the file that came from there
  codecs::ImageFormat input_format = codecs::ImageFormat::kPng;    ///< from the picture's first bytes
  MaskSpec mask;
  Borders outpaint;                     ///< how far picture and mask are grown
  std::filesystem::path control_image;  ///< empty: none
  std::string prompt;
  std::string negative_prompt;

  Sampling sampling;
  std::uint64_t seed = 0;  ///< the first result's
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

  std::string replay_metadata;  ///< the provenance JSON of --replay's picture; empty: none

  /// Returns the picture's name for messages.
  std::string image_name() const { return stdin_picture ? "stdin" : image.string(); }
};

}  // namespace zimage::app
