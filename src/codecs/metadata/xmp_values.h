// Reads what an XMP packet says, to compare it with what other metadata of the file say.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "codecs/metadata/xmp.h"

namespace zimage::codecs {

/// Returns whether the packet says anything; true for one that can't be parsed.
bool says_anything(std::string_view xmp);

/// Returns those properties, "IPTC creator" for example, that the packet has as well and with another value. A value
/// that is part of the packet's counts as the same: IPTC's are cut to a length.
std::vector<std::string> said_otherwise(std::string_view xmp, const std::vector<XmpProperty>& properties);
/// Does the same for what two properties of one name say.
bool says_otherwise(const XmpProperty& winner, const XmpProperty& other);

}  // namespace zimage::codecs
