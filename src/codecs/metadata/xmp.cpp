#include "codecs/metadata/xmp.h"

#include <lcms2.h>
// It must come after lcms2.h.
#include <lcms2_plugin.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "codecs/metadata/xml.h"

namespace zimage::codecs {
namespace {

constexpr std::string_view kRdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
constexpr std::string_view kXmpNote = "http://ns.adobe.com/xmp/note/";
constexpr std::string_view kXmpBasic = "http://ns.adobe.com/xap/1.0/";
constexpr std::string_view kTerms = "http://purl.org/dc/terms/";
constexpr std::string_view kGainMap = "http://ns.adobe.com/hdr-gain-map/1.0/";
constexpr std::string_view kCamera = "http://ns.google.com/photos/1.0/camera/";
/// Everything in a namespace that begins like one of these speaks of data behind the picture, or is a picture: gain
/// maps (Adobe, Apple), Google's container, its dynamic depth and its GImage, and what phones of Xiaomi and Oppo write.
constexpr std::string_view kStale[] = {kGainMap,
                                       "http://ns.apple.com/HDRGainMap/1.0/",
                                       "http://ns.google.com/photos/1.0/container/",
                                       "http://ns.google.com/photos/dd/1.0/",
                                       "http://ns.google.com/photos/1.0/image/",
                                       "http://ns.xiaomi.com/photos/1.0/camera/",
                                       "http://ns.oplus.com/photos/1.0/camera/"};

bool is_stale_space(std::string_view space) {
  return std::any_of(std::begin(kStale), std::end(kStale), [&](std::string_view s) { return space.starts_with(s); });
}

/// Returns whether it refers to Content Credentials in the file itself.
bool is_manifest(std::string_view space, std::string_view name, std::string_view value) {
  return space == kTerms && name == "provenance" && value.starts_with("self#");
}

bool is_stale(std::string_view space, std::string_view name) {
  if (space == kCamera) return name.starts_with("MotionPhoto") || name.starts_with("MicroVideo");
  return is_stale_space(space) || (space == kXmpBasic && name == "Thumbnails");
}

bool has_stale(std::string_view xmp) {
  const auto within = [&](std::string_view what) { return xmp.find(what) != xmp.npos; };
  return within("MotionPhoto") || within("MicroVideo") || within("Thumbnails") || within("self#") ||
         std::any_of(std::begin(kStale), std::end(kStale), within);
}

const xml::Element* find_rdf(const std::vector<xml::Element>& elements) {
  const auto place = std::find_if(elements.begin(), elements.end(),
                                  [](const xml::Element& e) { return e.space == kRdf && e.local == "RDF"; });
  return place == elements.end() ? nullptr : &*place;
}

bool has_property(const std::vector<xml::Element>& elements, std::string_view space, std::string_view name) {
  return std::any_of(elements.begin(), elements.end(), [&](const xml::Element& e) {
    const bool attribute = std::any_of(e.attributes.begin(), e.attributes.end(),
                                       [&](const xml::Attribute& a) { return a.space == space && a.local == name; });
    return attribute || (e.space == space && e.local == name);
  });
}

/// Returns the edits that cut out the reference to an extension, and the identifier in it.
std::vector<xml::Edit> cut_announcement(std::string_view xmp, const std::vector<xml::Element>& elements,
                                        std::string& id) {
  std::vector<xml::Edit> edits;
  const auto is_reference = [](std::string_view space, std::string_view name) {
    return space == kXmpNote && name == "HasExtendedXMP";
  };
  for (const xml::Element& e : elements) {
    if (is_reference(e.space, e.local)) {
      id = xmp.substr(e.open_end, e.close_begin - e.open_end);
      edits.push_back({e.begin, e.end});
    }
    for (const xml::Attribute& a : e.attributes) {
      if (!is_reference(a.space, a.local)) continue;
      id = a.value;
      edits.push_back({a.begin, a.end});
    }
  }
  return edits;
}

/// Returns where to put something behind the last child of rdf:RDF. An empty rdf:RDF has no such place.
std::optional<std::size_t> end_of(const xml::Element* rdf) {
  if (rdf == nullptr || rdf->close_begin == rdf->end) return std::nullopt;
  return rdf->close_begin;
}

/// Returns the subject that the packet's descriptions are about, as it is written: all must have the same.
std::string subject_of(const std::vector<xml::Element>& elements) {
  for (const xml::Element& e : elements) {
    if (e.space != kRdf || e.local != "Description") continue;
    for (const xml::Attribute& a : e.attributes) {
      const bool plain = a.value.find('"') == a.value.npos;
      if (a.space == kRdf && a.local == "about" && plain) return std::string(a.value);
    }
  }
  return "";
}

/// Returns a child of rdf:RDF with the namespaces that are declared around it.
std::string with_namespaces(std::string_view text, const std::vector<xml::Element>& elements,
                            const xml::Element& child) {
  std::map<std::string_view, std::string_view> declared;
  const xml::Element* around = &child;
  while (around->parent >= 0) {
    around = &elements[static_cast<std::size_t>(around->parent)];
    for (const xml::Attribute& a : around->attributes) {
      if (a.prefix == "xmlns") declared.try_emplace(a.local, a.value);
    }
  }
  for (const xml::Attribute& a : child.attributes) {
    if (a.prefix == "xmlns") declared.erase(a.local);
  }
  std::string out(text.substr(child.begin, child.name_end - child.begin));
  for (const auto& [prefix, space] : declared) {
    const char quote = space.find('"') == space.npos ? '"' : '\'';
    out += concat({" xmlns:", prefix, "=", {&quote, 1}, space, {&quote, 1}});
  }
  out += text.substr(child.name_end, child.end - child.name_end);
  return out;
}

std::string element_of(const XmpProperty& property, std::string_view rdf) {
  const std::string name = concat({property.prefix, ":", property.name});
  if (property.kind == XmpProperty::Kind::kText) {
    return concat({"<", name, ">", xml::escaped(property.values.front().text), "</", name, ">"});
  }
  const bool languages = property.kind == XmpProperty::Kind::kLanguages;
  const std::string list = concat({rdf, property.kind == XmpProperty::Kind::kList ? "Bag" : languages ? "Alt" : "Seq"});
  std::string out = concat({"<", name, "><", list, ">"});
  for (const XmpProperty::Value& value : property.values) {
    const std::string language = value.language.empty() ? "x-default" : xml::escaped(value.language);
    out += concat({"<", rdf, "li", languages ? concat({" xml:lang=\"", language, "\""}) : "", ">",
                   xml::escaped(value.text), "</", rdf, "li>"});
  }
  return out + concat({"</", list, "></", name, ">"});
}

constexpr std::string_view kBegin =
    "<?xpacket begin=\"\xef\xbb\xbf\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
    "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">";
constexpr std::string_view kEnd = "</rdf:RDF></x:xmpmeta>\n<?xpacket end=\"w\"?>";

}  // namespace

std::string upright_xmp(std::string xmp) {
  // It may be an attribute or an element.
  for (const std::string_view start : {"tiff:Orientation=\"", "tiff:Orientation='", "<tiff:Orientation>"}) {
    const std::size_t at = xmp.find(start);
    if (at == std::string::npos) continue;
    const std::size_t digit = at + start.size();
    const bool single = digit + 1 < xmp.size() && (xmp[digit + 1] == start.back() || xmp[digit + 1] == '<');
    if (single && xmp[digit] >= '2' && xmp[digit] <= '8') xmp[digit] = '1';
  }
  return xmp;
}

bool announces_gain_map(std::string_view xmp) {
  return xmp.find(kGainMap) != xmp.npos || xmp.find("GainMap") != xmp.npos;
}

bool announces_motion(std::string_view xmp) {
  return xmp.find("MotionPhoto") != xmp.npos || xmp.find("MicroVideo") != xmp.npos;
}

std::string without_stale_xmp(std::string xmp) {
  if (!has_stale(xmp)) return xmp;
  const auto elements = xml::parse(xmp);
  if (!elements) return "";
  std::vector<xml::Edit> edits;
  for (const xml::Element& e : *elements) {
    const std::string_view value = std::string_view(xmp).substr(e.open_end, e.close_begin - e.open_end);
    if (is_stale(e.space, e.local) || is_manifest(e.space, e.local, value)) edits.push_back({e.begin, e.end});
    for (const xml::Attribute& a : e.attributes) {
      const bool declares = a.prefix == "xmlns" && is_stale_space(a.value);
      if (declares || is_stale(a.space, a.local) || is_manifest(a.space, a.local, a.value))
        edits.push_back({a.begin, a.end});
    }
  }
  return xml::edited(xmp, std::move(edits));
}

std::string xmp_extension_id(std::string_view extension) {
  cmsHANDLE md5 = cmsMD5alloc(nullptr);
  if (md5 == nullptr) throw std::bad_alloc();
  cmsMD5add(md5, reinterpret_cast<const cmsUInt8Number*>(extension.data()),
            static_cast<cmsUInt32Number>(extension.size()));
  cmsProfileID digest;
  cmsMD5finish(&digest, md5);
  std::string out;
  for (const std::uint8_t byte : digest.ID8) {
    out += "0123456789ABCDEF"[byte >> 4];
    out += "0123456789ABCDEF"[byte & 15];
  }
  return out;
}

std::string announced_extension(std::string_view xmp) {
  std::string id;
  if (xmp.find("HasExtendedXMP") == xmp.npos) return id;
  if (const auto elements = xml::parse(xmp)) cut_announcement(xmp, *elements, id);
  return id;
}

std::string with_announced_extension(const std::string& xmp, const std::string& id) {
  const std::string before = announced_extension(xmp);
  std::string out = xmp;
  const std::size_t at = before.empty() ? std::string::npos : out.find(before);
  return at == std::string::npos ? out : out.replace(at, before.size(), id);
}

std::string stub_xmp(const std::string& id) {
  return concat({kBegin, "<rdf:Description rdf:about=\"\" xmlns:xmpNote=\"", kXmpNote, "\" xmpNote:HasExtendedXMP=\"",
                 id, "\"/>", kEnd});
}

std::string merged_xmp(const std::string& xmp, const std::string& extension) {
  const auto elements = xml::parse(xmp);
  if (!elements) return xmp.find("HasExtendedXMP") == xmp.npos ? xmp : "";
  std::string id;
  std::vector<xml::Edit> edits = cut_announcement(xmp, *elements, id);
  const auto more = xml::parse(extension);
  const xml::Element* rdf = more ? find_rdf(*more) : nullptr;
  const auto end = end_of(find_rdf(*elements));
  if (rdf != nullptr && end) {
    const auto number = static_cast<std::ptrdiff_t>(rdf - more->data());
    for (const xml::Element& child : *more) {
      if (child.parent == number) edits.push_back({*end, *end, with_namespaces(extension, *more, child)});
    }
  }
  return xml::edited(xmp, std::move(edits));
}

bool is_rdf(std::string_view xmp) {
  const auto elements = xml::parse(xmp);
  return elements && find_rdf(*elements) != nullptr;
}

std::optional<std::string> with_properties(const std::string& xmp, const std::vector<XmpProperty>& properties) {
  const std::string text = xmp.empty() ? concat({kBegin, kEnd}) : xmp;
  const auto elements = xml::parse(text);
  const xml::Element* rdf = elements ? find_rdf(*elements) : nullptr;
  const auto end = end_of(rdf);
  if (!end) return std::nullopt;
  const std::string prefix = rdf->prefix.empty() ? "" : concat({rdf->prefix, ":"});
  std::map<std::string_view, std::string_view> spaces;
  std::string inside;
  for (const XmpProperty& property : properties) {
    if (property.values.empty() || has_property(*elements, property.space, property.name)) continue;
    spaces[property.prefix] = property.space;
    inside += element_of(property, prefix);
  }
  if (inside.empty()) return xmp;
  std::string out = concat({"<", prefix, "Description ", prefix, "about=\"", subject_of(*elements), "\""});
  for (const auto& [name, space] : spaces) out += concat({" xmlns:", name, "=\"", space, "\""});
  out += concat({">", inside, "</", prefix, "Description>"});
  return xml::edited(text, {{*end, *end, out}});
}

}  // namespace zimage::codecs
