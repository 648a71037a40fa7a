#include "codecs/metadata/photoshop.h"

#include <algorithm>
#include <functional>

#include "base/text.h"
#include "base/utf8.h"
#include "codecs/metadata/image_metadata.h"
#include "codecs/metadata/iptc.h"

namespace zimage::codecs::photoshop {
namespace {

using Bytes = std::span<const std::uint8_t>;
using Kind = XmpProperty::Kind;

constexpr unsigned kResolution = 0x03ed, kIptc = 0x0404, kCopyrighted = 0x040a, kAddress = 0x040b, kDigest = 0x0425;
constexpr unsigned kCredits[] = {kIptc, kCopyrighted, kAddress, kDigest};
constexpr unsigned kGuides = 0x0408, kFirstPath = 2000, kLastPath = 2998, kClippingPath = 2999;

/// Other resources that a person may have made, with the size of the count that they begin with; 0: all bytes count.
constexpr struct {
  unsigned id;
  const char* name;
  std::size_t count_size;
} kOthers[] = {{0x03f0, "caption", 1},     {0x041b, "workflow address", 0},  {0x041e, "list of addresses", 4},
               {0x0429, "layer comps", 0}, {0x0432, "measurement scale", 0}, {0x0433, "timeline", 0},
               {0x0438, "counts", 0},      {0x1b58, "variables", 0},         {0x1b59, "data sets", 0}};
/// Photoshop's own resources have numbers up to this, and 10000; plug-ins have from 4000 to 4999.
constexpr unsigned kLastOwn = 0x0440, kFirstPlugIn = 4000, kLastPlugIn = 4999;
constexpr unsigned kSlices = 0x041a, kPrintFlags = 10000, kOriginPath = 3000;

constexpr const char* kRights = "http://ns.adobe.com/xap/1.0/rights/";

std::size_t number(Bytes bytes, std::size_t at, std::size_t count) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | bytes[at + i];
  return value;
}

/// Calls `found` with the number, the whole and the data of each resource, up to the first damaged one.
void each_resource(Bytes all, const std::function<void(unsigned id, Bytes whole, Bytes data)>& found) {
  for (std::size_t at = 0; at + 12 <= all.size();) {
    const std::size_t begin = at;
    const auto id = static_cast<unsigned>(number(all, at + 4, 2));
    at += 6 + (all[at + 6] + std::size_t{2}) / 2 * 2;  // the name, padded to an even length with its length byte
    if (at + 4 > all.size()) return;
    const std::size_t size = number(all, at, 4);
    at += 4;
    if (size > all.size() - at) return;
    const Bytes data = all.subspan(at, size);
    at = std::min(at + size + size % 2, all.size());
    if (std::equal(all.begin() + static_cast<std::ptrdiff_t>(begin),
                   all.begin() + static_cast<std::ptrdiff_t>(begin + 4), "8BIM")) {
      found(id, all.subspan(begin, at - begin), data);
    }
  }
}

std::vector<std::uint8_t> chosen(Bytes all, const std::function<bool(unsigned id)>& wanted) {
  std::vector<std::uint8_t> out;
  each_resource(all, [&](unsigned id, Bytes whole, Bytes) {
    if (!wanted(id)) return;
    out.insert(out.end(), whole.begin(), whole.end());
    if (out.size() % 2 != 0) out.push_back(0);
  });
  return out;
}

Bytes resource(Bytes all, unsigned wanted) {
  Bytes out;
  each_resource(all, [&](unsigned id, Bytes, Bytes data) {
    if (id == wanted && out.empty()) out = data;
  });
  return out;
}

/// Returns whether the grid's resource has guides too: their number follows a version and two distances.
bool has_guides(Bytes data) { return data.size() >= 16 && number(data, 12, 4) > 0; }

/// Returns whether the picture is cut into more than one slice (version 6). Their number follows a box and a name.
bool has_slices(Bytes data) {
  constexpr std::size_t kName = 20;
  if (data.size() < kName + 4 || number(data, 0, 4) != 6) return false;
  const std::size_t at = kName + 4 + 2 * number(data, kName, 4);
  return at + 4 <= data.size() && number(data, at, 4) > 1;
}

bool is_path(unsigned id) { return (id >= kFirstPath && id <= kLastPath) || id == kClippingPath; }

bool is_credit(unsigned id) { return std::find(std::begin(kCredits), std::end(kCredits), id) != std::end(kCredits); }

std::vector<std::uint8_t> resource_of(unsigned id, Bytes data) {
  std::vector<std::uint8_t> out = {
      '8', 'B', 'I', 'M', static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id & 0xff), 0, 0};
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(data.size() >> shift));
  out.insert(out.end(), data.begin(), data.end());
  if (out.size() % 2 != 0) out.push_back(0);
  return out;
}

}  // namespace

std::vector<std::uint8_t> kept(Resources resources) {
  const bool guides = has_guides(resource(resources, kGuides));
  std::vector<std::uint8_t> out =
      chosen(resources, [&](unsigned id) { return is_credit(id) || is_path(id) || (id == kGuides && guides); });
  const Bytes record = iptc(out);
  const std::vector<std::uint8_t> clean = iptc::without_previews(record);
  if (clean.size() == record.size()) return out;
  // The digest was of the whole record.
  std::vector<std::uint8_t> rest = chosen(out, [](unsigned id) { return id != kIptc && id != kDigest; });
  if (clean.empty()) return rest;
  out = resource_of(kIptc, clean);
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

std::vector<std::string> names_of_others(Resources resources) {
  std::vector<std::string> out;
  each_resource(resources, [&](unsigned id, Bytes, Bytes data) {
    if (is_credit(id) || is_path(id) || data.empty()) return;
    const auto other = std::find_if(std::begin(kOthers), std::end(kOthers), [&](const auto& o) { return o.id == id; });
    if (other != std::end(kOthers)) {
      const bool counts = other->count_size != 0;
      if (counts && data.size() < other->count_size) return;
      if (!counts || number(data, 0, other->count_size) > 0) name_once(out, concat({"Photoshop's ", other->name}));
    } else if (id == kSlices) {
      if (has_slices(data)) name_once(out, "Photoshop's slices");
    } else if (id >= kFirstPlugIn && id <= kLastPlugIn) {
      name_once(out, "a plug-in's data for Photoshop");
    } else if (id > kLastOwn && id != kPrintFlags && id != kOriginPath) {
      name_once(out, "Photoshop's resource " + std::to_string(id));
    }
  });
  return out;
}

std::vector<std::string> names_of_places(Resources resources) {
  bool paths = false, guides = false;
  each_resource(resources, [&](unsigned id, Bytes, Bytes) {
    paths = paths || is_path(id);
    guides = guides || id == kGuides;
  });
  std::vector<std::string> out;
  if (paths) out.emplace_back("Photoshop's paths");
  if (guides) out.emplace_back("Photoshop's guides");
  return out;
}

std::vector<std::uint8_t> without_places(Resources resources) { return chosen(resources, is_credit); }

std::vector<std::uint8_t> without_iptc(Resources resources) {
  return chosen(resources, [](unsigned id) { return id != kIptc; });
}

std::vector<std::uint8_t> of_iptc(std::span<const std::uint8_t> iptc) {
  iptc = iptc.first(iptc::end_of(iptc));
  if (iptc.empty() || iptc.size() > 0xffffffffU) return {};
  const std::vector<std::uint8_t> clean = iptc::without_previews(iptc);
  return clean.empty() ? clean : resource_of(kIptc, clean);
}

std::span<const std::uint8_t> iptc(Resources resources) { return resource(resources, kIptc); }

std::optional<Resolution> resolution(Resources resources) {
  const Bytes data = resource(resources, kResolution);
  if (data.size() < 16) return std::nullopt;
  // Both numbers are per inch, whatever unit they are shown in.
  constexpr double kOne = 65536;
  return make_resolution(static_cast<double>(number(data, 0, 4)) / kOne, static_cast<double>(number(data, 8, 4)) / kOne,
                         DotsPer::kInch);
}

std::vector<XmpProperty> properties(Resources resources, std::vector<std::string>& left) {
  std::vector<XmpProperty> out = iptc::properties(iptc(resources), left);
  const Bytes copyrighted = resource(resources, kCopyrighted), address = resource(resources, kAddress);
  if (!copyrighted.empty() && copyrighted[0] != 0) {
    out.push_back({"xmpRights", kRights, "Marked", Kind::kText, {{"True"}}, "Photoshop's copyright flag"});
  }
  if (!address.empty()) {
    const std::string url(address.begin(), address.end());
    const std::string text = utf8::is_valid(url) ? url : utf8::from_latin1(url);
    out.push_back({"xmpRights", kRights, "WebStatement", Kind::kText, {{text}}, "Photoshop's address"});
  }
  return out;
}

}  // namespace zimage::codecs::photoshop
