#include "codecs/metadata/xmp_values.h"

#include <algorithm>

#include "base/text.h"
#include "codecs/metadata/xml.h"

namespace zimage::codecs {
namespace {

constexpr std::string_view kRdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
constexpr std::string_view kMeta = "adobe:ns:meta/";

/// Returns the property's texts in the packet, one after the other; `found` says whether it has the property.
std::string texts_of(std::string_view xmp, const std::vector<xml::Element>& elements, const XmpProperty& property,
                     bool& found) {
  std::string out;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const xml::Element& e = elements[i];
    for (const xml::Attribute& a : e.attributes) {
      if (a.space != property.space || a.local != property.name) continue;
      found = true;
      out += xml::unescaped(a.value) + "\n";
    }
    if (e.space != property.space || e.local != property.name) continue;
    found = true;
    // Elements within it, such as rdf:li, follow it. Only those without elements of their own hold text.
    for (std::size_t j = i; j < elements.size() && elements[j].begin < e.end; ++j) {
      const bool leaf = j + 1 >= elements.size() || elements[j + 1].begin >= elements[j].end;
      const xml::Element& inner = elements[j];
      if (leaf) out += xml::unescaped(xmp.substr(inner.open_end, inner.close_begin - inner.open_end)) + "\n";
    }
  }
  return out;
}

std::string trimmed(const std::string& text) {
  constexpr std::string_view kBlanks(" \t\r\n\0", 5);
  const std::size_t begin = text.find_first_not_of(kBlanks);
  return begin == text.npos ? "" : text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

bool all_within(const XmpProperty& property, const std::string& texts) {
  return std::all_of(property.values.begin(), property.values.end(),
                     [&](const XmpProperty::Value& value) { return texts.find(trimmed(value.text)) != texts.npos; });
}

}  // namespace

bool says_anything(std::string_view xmp) {
  if (xmp.find_first_not_of(std::string_view(" \t\r\n\0", 5)) == xmp.npos) return false;
  const auto elements = xml::parse(xmp);
  if (!elements) return true;
  return std::any_of(elements->begin(), elements->end(), [](const xml::Element& e) {
    const bool told = std::any_of(e.attributes.begin(), e.attributes.end(), [](const xml::Attribute& a) {
      return !a.space.empty() && a.space != kRdf && a.space != kMeta && a.prefix != "xmlns" && a.prefix != "xml";
    });
    return told || (e.space != kRdf && e.space != kMeta);
  });
}

std::vector<std::string> said_otherwise(std::string_view xmp, const std::vector<XmpProperty>& properties) {
  std::vector<std::string> out;
  const auto elements = xml::parse(xmp);
  if (!elements) return out;
  for (const XmpProperty& property : properties) {
    bool found = false;
    const std::string texts = texts_of(xmp, *elements, property, found);
    if (found && !all_within(property, texts)) out.push_back(concat({property.origin, " ", property.name}));
  }
  return out;
}

bool says_otherwise(const XmpProperty& winner, const XmpProperty& other) {
  std::string texts;
  for (const XmpProperty::Value& value : winner.values) texts += value.text + "\n";
  return !all_within(other, texts);
}

}  // namespace zimage::codecs
