// Tells how large a picture is by its header alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace zimage::codecs {

struct PictureSize {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  double megapixels() const { return static_cast<double>(width) * height / 1e6; }
};

/// Reads a picture's size as its file stores it (a photo with an orientation may stand upright the other way round).
/// Takes a few reads. Empty if the file can't be read or its header doesn't say: this is for estimates, and what is
/// wrong with the file is found when it is decoded.
std::optional<PictureSize> picture_size(const std::filesystem::path& path);

}  // namespace zimage::codecs
