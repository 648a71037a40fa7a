// A checked job: what resolve() makes of the settings, and run_inpaint() carries out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/job/source.h"
#include "codecs/image_file.h"
#include "image/canvas.h"
#include "image/mask.h"
#include "zimage/inpainter.h"

namespace zimage::app {

/// What a batch settles for its jobs; a single run has nothing of it.
struct JobPlace {
  bool batch = false;
  std::filesystem::path folder{};            ///< the result goes there under the picture's own name; empty: as -o says
  std::filesystem::path subfolder{};         ///< of `folder` in the output tree, for a tree of golden pictures
  std::optional<std::uint64_t> random_seed;  ///< drawn once for all jobs that give none
};

/// One result of a job.
struct PlannedOutput {
  std::filesystem::path path;  ///< empty: PNG bytes on stdout
  std::uint64_t seed = 0;
  std::filesystem::path latents_path;       ///< empty: latents aren't saved
  std::filesystem::path golden{};           ///< the picture it is compared with; empty: none
  std::filesystem::path difference_path{};  ///< where a mismatch with it is drawn; empty: nowhere
};

struct Plan {
  bool batch = false;  ///< one of several jobs
  ModelPaths model;
  bool model_given = false;  ///< by --model, a replay or a configuration file, not by the environment or the bundle
  ComputeOptions compute;

  std::filesystem::path image_path;
  std::filesystem::path mask_path;  ///< empty with mask_from_alpha, or with --outpaint alone
  bool mask_from_alpha = false;
  std::filesystem::path control_image_path;  ///< empty: none
  MaskReading mask_reading;
  bool mask_fill_holes = false;
  int mask_grow = 0;
  Borders outpaint;  ///< what `request.image` and `request.mask` were grown by
  codecs::ImageFormat input_format = codecs::ImageFormat::kPng;

  PictureSource source;  ///< the picture's file: what of it the result's file keeps

  Request request;  ///< everything but the seed of each output
  bool seed_given = false;
  std::string strategy = "auto";

  std::vector<PlannedOutput> outputs;
  codecs::ImageFormat format = codecs::ImageFormat::kPng;
  int quality = 0;
  bool overwrite = false;
  bool skip_existing = false;
  bool metadata = true;
  bool dry_run = false;
  std::filesystem::path save_mask;
  std::filesystem::path save_crop;

  int golden_tolerance = 0;  ///< in 8-bit levels
  bool golden_update = false;

  std::string replay_metadata;  ///< the JSON of --replay's picture; empty without

  /// The picture in its own colours and depth.
  const Image& original() const { return source.original.empty() ? request.image : source.original; }
};

}  // namespace zimage::app
