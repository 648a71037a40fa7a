// IPTC's record of credits (IPTC IIM 4.2). Everything here is safe on any bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "codecs/metadata/xmp.h"

namespace zimage::codecs::iptc {

using Record = std::span<const std::uint8_t>;

/// Returns where the record's last whole data set ends.
std::size_t end_of(Record record);
/// Returns the record without its previews, which show the old picture.
std::vector<std::uint8_t> without_previews(Record record);

/// Returns what the record says as XMP's properties (IPTC Photo Metadata Standard; guidelines of the Metadata Working
/// Group 2.0). Adds to `left` the names of what XMP has no property for.
std::vector<XmpProperty> properties(Record record, std::vector<std::string>& left);

}  // namespace zimage::codecs::iptc
