// A checked job: what resolve() makes of the settings, and run_inpaint() carries out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "conditioning/canvas.h"
#include "conditioning/mask.h"
#include "io/image_file.h"
#include "zimage/inpainter.h"

namespace zimage::app {

/// One result of a job.
struct PlannedOutput {
  std::filesystem::path path;  ///< empty: PNG bytes on stdout
  std::uint64_t seed = 0;
  std::filesystem::path latents_path;       ///< empty: latents aren't saved
  std::filesystem::path golden{};           ///< the picture it is compared with; empty: none
  std::filesystem::path difference_path{};  ///< where a mismatch with it is drawn; empty: nowhere
};

struct Plan {
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
  io::ImageFormat input_format = io::ImageFormat::kPng;

  Request request;  ///< everything but the seed of each output
  bool seed_given = false;
  std::string strategy = "auto";

  std::vector<PlannedOutput> outputs;
  io::ImageFormat format = io::ImageFormat::kPng;
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
};

}  // namespace zimage::app
