// Changes the few parts of an XMP packet that matter to this program. Everything else in it stays, byte for byte.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zimage::codecs {

/// Returns an XMP packet with its tiff:Orientation, if it has one, set to 1; nothing else changes.
std::string upright_xmp(std::string xmp);

/// Returns whether the packet mentions a gain map or a motion video.
bool announces_gain_map(std::string_view xmp);
bool announces_motion(std::string_view xmp);

/// Returns the packet without what would be untrue of a result: announcements of a gain map, a video or other data
/// behind the picture, and pictures in the packet that show the old picture (a thumbnail, GImage). Empty if it has any
/// of these and can't be parsed.
std::string without_stale_xmp(std::string xmp);

/// Returns the MD5 by which a JPEG's packet refers to its extension, in capital hexadecimal digits.
std::string xmp_extension_id(std::string_view extension);
/// Returns the identifier of the extension that the packet refers to; "" if it refers to none.
std::string announced_extension(std::string_view xmp);
/// Returns the packet that refers to this extension instead of the one that it referred to.
std::string with_announced_extension(const std::string& xmp, const std::string& id);
/// Returns a packet that refers to an extension and holds nothing else.
std::string stub_xmp(const std::string& id);
/// Returns the packet with what its extension says, and without the reference to it. Just without the reference if the
/// extension is empty or can't be parsed; empty if the packet itself refers to one and can't be parsed.
std::string merged_xmp(const std::string& xmp, const std::string& extension);
/// Returns whether the text has an rdf:RDF element that can be parsed.
bool is_rdf(std::string_view xmp);

/// A property with its values; `language` is for texts in several languages, "" means the default.
struct XmpProperty {
  enum class Kind { kText, kList, kOrderedList, kLanguages };
  struct Value {
    std::string text;
    std::string language{};
  };
  const char* prefix = "";
  const char* space = "";
  const char* name = "";
  Kind kind = Kind::kText;
  std::vector<Value> values{};
  std::string origin{};  ///< where it comes from, in messages: "IPTC"
};

/// Returns the packet (a new one if it is empty) with the properties that it doesn't have yet. Nothing if it can't be
/// parsed.
std::optional<std::string> with_properties(const std::string& xmp, const std::vector<XmpProperty>& properties);

}  // namespace zimage::codecs
