#include "codecs/metadata/photoshop.h"

#include <algorithm>
#include <array>
#include <functional>

#include "base/text.h"
#include "base/utf8.h"

namespace zimage::codecs::photoshop {
namespace {

using Bytes = std::span<const std::uint8_t>;
using Kind = XmpProperty::Kind;

constexpr unsigned kResolution = 0x03ed, kIptc = 0x0404, kCopyrighted = 0x040a, kAddress = 0x040b, kDigest = 0x0425;
constexpr unsigned kKept[] = {kIptc, kCopyrighted, kAddress, kDigest};

constexpr const char* kDc = "http://purl.org/dc/elements/1.1/";
constexpr const char* kPhotoshop = "http://ns.adobe.com/photoshop/1.0/";
constexpr const char* kIptcCore = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/";
constexpr const char* kRights = "http://ns.adobe.com/xap/1.0/rights/";

/// The data sets of IPTC's second record that XMP has a property for.
constexpr struct {
  std::uint8_t number;
  const char* prefix;
  const char* space;
  const char* name;
  Kind kind;
} kDataSets[] = {{5, "dc", kDc, "title", Kind::kLanguages},
                 {10, "photoshop", kPhotoshop, "Urgency", Kind::kText},
                 {15, "photoshop", kPhotoshop, "Category", Kind::kText},
                 {20, "photoshop", kPhotoshop, "SupplementalCategories", Kind::kList},
                 {25, "dc", kDc, "subject", Kind::kList},
                 {40, "photoshop", kPhotoshop, "Instructions", Kind::kText},
                 {80, "dc", kDc, "creator", Kind::kOrderedList},
                 {85, "photoshop", kPhotoshop, "AuthorsPosition", Kind::kText},
                 {90, "photoshop", kPhotoshop, "City", Kind::kText},
                 {92, "Iptc4xmpCore", kIptcCore, "Location", Kind::kText},
                 {95, "photoshop", kPhotoshop, "State", Kind::kText},
                 {100, "Iptc4xmpCore", kIptcCore, "CountryCode", Kind::kText},
                 {101, "photoshop", kPhotoshop, "Country", Kind::kText},
                 {103, "photoshop", kPhotoshop, "TransmissionReference", Kind::kText},
                 {105, "photoshop", kPhotoshop, "Headline", Kind::kText},
                 {110, "photoshop", kPhotoshop, "Credit", Kind::kText},
                 {115, "photoshop", kPhotoshop, "Source", Kind::kText},
                 {116, "dc", kDc, "rights", Kind::kLanguages},
                 {120, "dc", kDc, "description", Kind::kLanguages},
                 {122, "photoshop", kPhotoshop, "CaptionWriter", Kind::kText}};
constexpr std::uint8_t kDate = 55, kTime = 60;

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

/// Calls `found` with each data set of the IPTC record. Returns where the last one ends.
std::size_t each_data_set(Bytes iptc,
                          const std::function<void(unsigned record, unsigned set, std::string_view value)>& found) {
  std::size_t end = 0;
  for (std::size_t at = 0; at + 5 <= iptc.size() && iptc[at] == 0x1c;) {
    const unsigned record = iptc[at + 1], set = iptc[at + 2];
    std::size_t size = number(iptc, at + 3, 2);
    at += 5;
    if (size >= 0x8000) {  // the number of bytes that hold the length
      const std::size_t bytes = size & 0x7fff;
      if (bytes > 4 || bytes > iptc.size() - at) break;
      size = number(iptc, at, bytes);
      at += bytes;
    }
    if (size > iptc.size() - at) break;
    found(record, set, {reinterpret_cast<const char*>(iptc.data()) + at, size});
    end = at += size;
  }
  return end;
}

/// Returns a date (CCYYMMDD) and a time (HHMMSS±HHMM) as XMP writes them; "" for anything else.
std::string date_of(const std::string& date, const std::string& time) {
  const auto digits = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (date.size() != 8 || !digits(date)) return "";
  std::string out = concat({date.substr(0, 4), "-", date.substr(4, 2), "-", date.substr(6)});
  if (time.size() != 11 || !digits(time.substr(0, 6)) || !digits(time.substr(7))) return out;
  if (time[6] != '+' && time[6] != '-') return out;
  out += concat({"T", time.substr(0, 2), ":", time.substr(2, 2), ":", time.substr(4, 2)});
  return out + concat({time.substr(6, 3), ":", time.substr(9)});
}

}  // namespace

std::vector<std::uint8_t> credits(Resources resources) {
  return chosen(resources,
                [](unsigned id) { return std::find(std::begin(kKept), std::end(kKept), id) != std::end(kKept); });
}

std::vector<std::uint8_t> without_iptc(Resources resources) {
  return chosen(resources, [](unsigned id) { return id != kIptc; });
}

std::vector<std::uint8_t> of_iptc(std::span<const std::uint8_t> iptc) {
  iptc = iptc.first(each_data_set(iptc, [](unsigned, unsigned, std::string_view) {}));
  if (iptc.empty() || iptc.size() > 0xffffffffU) return {};
  std::vector<std::uint8_t> out = {'8', 'B', 'I', 'M', kIptc >> 8, kIptc & 0xff, 0, 0};
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(iptc.size() >> shift));
  out.insert(out.end(), iptc.begin(), iptc.end());
  if (out.size() % 2 != 0) out.push_back(0);
  return out;
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

std::vector<XmpProperty> properties(Resources resources) {
  std::array<std::vector<std::string>, 256> sets;
  bool utf8 = false;
  each_data_set(iptc(resources), [&](unsigned record, unsigned set, std::string_view value) {
    if (record == 1 && set == 90) utf8 = value == "\x1b%G";
    if (record == 2) sets[set].emplace_back(value);
  });
  const auto text = [&](const std::string& value) { return utf8::is_valid(value) ? value : utf8::from_latin1(value); };
  std::vector<XmpProperty> out;
  for (const auto& known : kDataSets) {
    XmpProperty property{known.prefix, known.space, known.name, known.kind};
    for (const std::string& value : sets[known.number]) {
      const bool list = known.kind == Kind::kList || known.kind == Kind::kOrderedList;
      if (list || property.values.empty()) property.values.push_back({text(value)});
    }
    if (!property.values.empty()) out.push_back(std::move(property));
  }
  if (!sets[kDate].empty()) {
    const std::string date = date_of(sets[kDate].front(), sets[kTime].empty() ? "" : sets[kTime].front());
    if (!date.empty()) out.push_back({"photoshop", kPhotoshop, "DateCreated", Kind::kText, {{date}}});
  }
  const Bytes copyrighted = resource(resources, kCopyrighted), address = resource(resources, kAddress);
  if (!copyrighted.empty() && copyrighted[0] != 0)
    out.push_back({"xmpRights", kRights, "Marked", Kind::kText, {{"True"}}});
  if (!address.empty()) {
    const std::string url(address.begin(), address.end());
    out.push_back({"xmpRights", kRights, "WebStatement", Kind::kText, {{text(url)}}});
  }
  return out;
}

}  // namespace zimage::codecs::photoshop
