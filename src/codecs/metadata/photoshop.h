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

/// Returns the resources that say who made a picture and who may use it: IPTC and its digest, the copyright flag and
/// the address. All others are about the program's window, print settings or pixels (a thumbnail of the old picture).
std::vector<std::uint8_t> credits(Resources resources);
/// Returns the resources that hold an IPTC record alone, without what lies behind its last data set.
std::vector<std::uint8_t> of_iptc(std::span<const std::uint8_t> iptc);
/// Returns the IPTC record; empty if there is none.
std::span<const std::uint8_t> iptc(Resources resources);
/// Returns the resources without the IPTC record.
std::vector<std::uint8_t> without_iptc(Resources resources);
/// Returns the resolution that the resources state.
std::optional<Resolution> resolution(Resources resources);

/// Returns what the resources say as XMP's properties (IPTC Photo Metadata Standard; guidelines of the Metadata Working
/// Group 2.0).
std::vector<XmpProperty> properties(Resources resources);

}  // namespace zimage::codecs::photoshop
