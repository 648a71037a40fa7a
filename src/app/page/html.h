// Builds HTML of text that nobody vouches for.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace zimage::app::html {

/// Returns text for an element or a quoted attribute. Nothing in it can become markup or turn the order of what
/// stands around it: control characters become \xNN (newlines stay, and CRLF becomes one), those that override the
/// direction of writing [U+NNNN], and bytes that aren't UTF-8 U+FFFD.
std::string escaped(std::string_view text);

/// Returns `<tag attributes>escaped text</tag>`; `attributes` begin with a blank or are empty.
std::string element(std::string_view tag, std::string_view attributes, std::string_view text);

/// Returns bytes as a data: URI.
std::string data_uri(std::string_view media_type, std::span<const std::uint8_t> bytes);

/// Returns the source of a Content-Security-Policy that allows exactly this inline script or style: 'sha256-…'.
std::string policy_hash(std::string_view source);

/// Returns the template with each {{name}} replaced by its value, which isn't looked at again. Errors: kRuntime for a
/// name without a value.
std::string filled(std::string_view text, const std::map<std::string, std::string>& values);

}  // namespace zimage::app::html
