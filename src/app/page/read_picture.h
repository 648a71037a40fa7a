// Reads the files of a reported job for the page, which may have changed since, or be gone.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "app/options/job_spec.h"
#include "app/page/report_lines.h"
#include "app/provenance/hash.h"
#include "codecs/metadata/color_profile.h"
#include "zimage/image.h"

namespace zimage::app {

/// A picture's file.
struct PagePicture {
  Image image{};                                                     ///< upright, in its own colours
  std::optional<codecs::ColorProfile> profile{};                     ///< empty: sRGB
  nlohmann::ordered_json record = nlohmann::ordered_json::object();  ///< its provenance; empty: none
  FileDigest digest{};

  /// Shrinks it to 8-bit sRGB.
  Image small(int width, int height) const;
};

/// Returns where a path of a report leads now: relative ones start where the run did, which may be here or in the
/// report's folder.
std::filesystem::path found_again(const std::filesystem::path& path, const std::filesystem::path& report);

/// Reads a picture. Errors: kInput.
PagePicture read_picture(const std::filesystem::path& path);

/// Returns a job's picture and mask, and the options that say what its mask repaints, as far as its result's provenance
/// `record` has them. Options that can't be read are left at their defaults. Errors: kUsage for a mask that isn't one.
JobSpec mask_options(const ReportLine& line, const std::filesystem::path& report, const nlohmann::ordered_json& record);

/// Makes the mask of a job for its picture, before it is grown onto the canvas of --outpaint. Errors: kInput, with a
/// message that says why it can't be made.
Mask read_mask(const JobSpec& spec, const Image& picture);

}  // namespace zimage::app
