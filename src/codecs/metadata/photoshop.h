// Photoshop's image resources (Adobe Photoshop File Formats Specification), which hold IPTC's record of credits (IPTC
// IIM 4.2) in JPEG, TIFF and PSD. Everything here is safe on any bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codecs/metadata/resolution.h"
#include "codecs/metadata/xmp.h"

namespace zimage::codecs::photoshop {

using Resources = std::span<const std::uint8_t>;

/// Returns the resources that a result keeps: those that say who made a picture and who may use it (IPTC without its
/// previews and its digest, the copyright flag and the address), and paths and guides.
std::vector<std::uint8_t> kept(Resources resources);
/// Names the other ones that a person may have made. What is left are the settings of the program's window and printer,
/// and pixels (a thumbnail of the old picture).
std::vector<std::string> names_of_others(Resources resources);
/// Names those of kept() that lie at places in the picture: paths and guides.
std::vector<std::string> names_of_places(Resources resources);
std::vector<std::uint8_t> without_places(Resources resources);
/// Returns the resources that hold an IPTC record alone, without what lies behind its last data set.
std::vector<std::uint8_t> of_iptc(std::span<const std::uint8_t> iptc);
/// Returns the IPTC record; empty if there is none.
std::span<const std::uint8_t> iptc(Resources resources);
/// Returns the resources without the IPTC record.
std::vector<std::uint8_t> without_iptc(Resources resources);
/// Returns the resolution that the resources state.
std::optional<Resolution> resolution(Resources resources);

/// Returns what the resources say as XMP's properties. Adds to `left` the names of what XMP has no property for, paths
/// and guides aside.
std::vector<XmpProperty> properties(Resources resources, std::vector<std::string>& left);

}  // namespace zimage::codecs::photoshop
