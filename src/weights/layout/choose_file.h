// Chooses a part's file among many: by its name first, so that few headers are read, and never against its header.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "weights/layout/file_facts.h"

namespace zimage {

/// The sizes that the DiT wants of the other parts. Without a DiT they are Z-Image's.
struct WantedSizes {
  std::int64_t text_width = 2560;
  std::int64_t vae_channels = 16;
};

struct Choice {
  std::filesystem::path file;                 ///< empty: none fits, or several fit equally well
  std::string reason;                         ///< why this one, as a clause
  std::vector<std::filesystem::path> equals;  ///< the files between which nothing decides
  std::vector<std::string> rejected;          ///< what came near: "X is cut off", "Y has width 4096, not 2560"
};

/// Chooses among files in this order: published names, names that say what the file is, other names. A name only
/// decides which headers are read first. Files that can't be read are passed over.
Choice choose_file(Part part, const std::vector<std::filesystem::path>& files, const WantedSizes& wanted,
                   HeaderReader& headers);

}  // namespace zimage
