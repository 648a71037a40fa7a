#include "codecs/metadata/iptc.h"

#include <algorithm>
#include <array>
#include <functional>

#include "base/text.h"
#include "base/utf8.h"
#include "codecs/metadata/image_metadata.h"

namespace zimage::codecs::iptc {
namespace {

using Kind = XmpProperty::Kind;

constexpr const char* kDc = "http://purl.org/dc/elements/1.1/";
constexpr const char* kPhotoshop = "http://ns.adobe.com/photoshop/1.0/";
constexpr const char* kIptcCore = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/";
constexpr const char* kXmpBasic = "http://ns.adobe.com/xap/1.0/";

/// The data sets of the second record that XMP has a property for.
constexpr struct {
  std::uint8_t number;
  const char* prefix;
  const char* space;
  const char* name;
  Kind kind;
} kDataSets[] = {{4, "Iptc4xmpCore", kIptcCore, "IntellectualGenre", Kind::kText},
                 {5, "dc", kDc, "title", Kind::kLanguages},
                 {10, "photoshop", kPhotoshop, "Urgency", Kind::kText},
                 {12, "Iptc4xmpCore", kIptcCore, "SubjectCode", Kind::kList},
                 {15, "photoshop", kPhotoshop, "Category", Kind::kText},
                 {20, "photoshop", kPhotoshop, "SupplementalCategories", Kind::kList},
                 {25, "dc", kDc, "subject", Kind::kList},
                 {40, "photoshop", kPhotoshop, "Instructions", Kind::kText},
                 {65, "xmp", kXmpBasic, "CreatorTool", Kind::kText},
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
                 {122, "photoshop", kPhotoshop, "CaptionWriter", Kind::kText},
                 {135, "dc", kDc, "language", Kind::kList}};
constexpr std::uint8_t kGenre = 4, kSubject = 12, kProgram = 65, kVersion = 70;

/// The data sets that make a date, and the property for it.
constexpr struct {
  std::uint8_t date;
  std::uint8_t time;
  const char* prefix;
  const char* space;
  const char* name;
} kDates[] = {{55, 60, "photoshop", kPhotoshop, "DateCreated"}, {62, 63, "xmp", kXmpBasic, "CreateDate"}};

/// Names of the second record's other data sets; those without a name here are told by their numbers.
constexpr struct {
  std::uint8_t number;
  const char* name;
} kNames[] = {{3, "ObjectTypeReference"},
              {7, "EditStatus"},
              {8, "EditorialUpdate"},
              {22, "FixtureIdentifier"},
              {26, "ContentLocation"},
              {27, "ContentLocation"},
              {30, "ReleaseDate"},
              {35, "ReleaseDate"},
              {37, "ExpirationDate"},
              {38, "ExpirationDate"},
              {42, "ActionAdvised"},
              {45, "Reference"},
              {47, "Reference"},
              {50, "Reference"},
              {55, "DateCreated"},
              {60, "DateCreated"},
              {62, "DigitalCreation"},
              {63, "DigitalCreation"},
              {65, "OriginatingProgram"},
              {70, "ProgramVersion"},
              {75, "ObjectCycle"},
              {118, "Contact"},
              {121, "LocalCaption"},
              {125, "RasterizedCaption"},
              {130, "ImageType"},
              {131, "ImageOrientation"},
              {150, "Audio"},
              {151, "Audio"},
              {152, "Audio"},
              {153, "Audio"},
              {154, "Audio"},
              {184, "JobID"},
              {187, "UniqueDocumentID"},
              {188, "OwnerID"},
              {230, "DocumentNotes"},
              {231, "DocumentHistory"},
              {232, "ExifCameraInfo"}};
/// What says nothing about the picture: the version of the record, and previews.
constexpr std::uint8_t kRecordVersion = 0, kFirstPreview = 200, kLastPreview = 202;

using Values = std::array<std::vector<std::string>, 256>;

/// Calls `found` with each data set and where its bytes are. Returns where the last one ends.
std::size_t each_data_set(Record iptc, const std::function<void(unsigned record, unsigned set, std::string_view value,
                                                                std::size_t begin, std::size_t end)>& found) {
  std::size_t end = 0;
  for (std::size_t at = 0; at + 5 <= iptc.size() && iptc[at] == 0x1c;) {
    const unsigned record = iptc[at + 1], set = iptc[at + 2];
    std::size_t size = std::size_t{iptc[at + 3]} << 8 | iptc[at + 4];
    at += 5;
    if (size >= 0x8000) {  // the number of bytes that hold the length
      const std::size_t bytes = size & 0x7fff;
      if (bytes > 4 || bytes > iptc.size() - at) break;
      size = 0;
      for (std::size_t i = 0; i < bytes; ++i) size = size << 8 | iptc[at++];
    }
    if (size > iptc.size() - at) break;
    const std::size_t begin = end;
    end = at + size;
    found(record, set, {reinterpret_cast<const char*>(iptc.data()) + at, size}, begin, end);
    at = end;
  }
  return end;
}

bool is_preview(unsigned record, unsigned set) { return record == 2 && set >= kFirstPreview && set <= kLastPreview; }

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

/// Returns the value as the property has it; "" if it can't have it. A genre is "number:name", a subject
/// "provider:eight digits:names".
std::string property_value(std::uint8_t set, const std::string& value) {
  const std::size_t colon = value.find(':');
  if (set == kGenre) return colon == value.npos ? value : value.substr(colon + 1);
  if (set != kSubject) return value;
  const std::string code = colon == value.npos ? value : value.substr(colon + 1, 8);
  const bool digits = std::all_of(code.begin(), code.end(), [](char c) { return c >= '0' && c <= '9'; });
  return code.size() == 8 && digits ? code : "";
}

std::string name_of(unsigned set) {
  const auto known = std::find_if(std::begin(kNames), std::end(kNames), [&](const auto& n) { return n.number == set; });
  return known != std::end(kNames) ? concat({"IPTC ", known->name}) : "IPTC 2:" + std::to_string(set);
}

/// Moves what has a property out of the values.
std::vector<XmpProperty> take_properties(Values& sets, std::vector<std::string>& left) {
  std::vector<XmpProperty> out;
  for (const auto& known : kDataSets) {
    XmpProperty property{known.prefix, known.space, known.name, known.kind, {}, "IPTC"};
    const bool list = known.kind == Kind::kList || known.kind == Kind::kOrderedList;
    for (const std::string& value : sets[known.number]) {
      const std::string text = property_value(known.number, value);
      const bool same = !property.values.empty() && property.values.front().text == text;
      if (!text.empty() && (list || property.values.empty())) {
        property.values.push_back({text});
      } else if (!value.empty() && !same) {
        name_once(left, concat({"a further IPTC ", known.name}));
      }
    }
    sets[known.number].clear();
    if (known.number == kProgram && !property.values.empty() && !sets[kVersion].empty()) {
      property.values.front().text += " " + sets[kVersion].front();
      sets[kVersion].clear();
    }
    if (!property.values.empty()) out.push_back(std::move(property));
  }
  for (const auto& known : kDates) {
    if (sets[known.date].empty()) continue;
    const bool timed = !sets[known.time].empty();
    const std::string date = date_of(sets[known.date].front(), timed ? sets[known.time].front() : "");
    if (date.empty()) continue;
    sets[known.date].clear();
    if (date.size() > 10) sets[known.time].clear();
    out.push_back({known.prefix, known.space, known.name, Kind::kText, {{date}}, "IPTC"});
  }
  return out;
}

}  // namespace

std::size_t end_of(Record record) {
  return each_data_set(record, [](unsigned, unsigned, std::string_view, std::size_t, std::size_t) {});
}

std::vector<std::uint8_t> without_previews(Record record) {
  std::vector<std::uint8_t> out;
  const std::size_t end =
      each_data_set(record, [&](unsigned number, unsigned set, std::string_view, std::size_t from, std::size_t to) {
        const Record whole = record.subspan(from, to - from);
        if (!is_preview(number, set)) out.insert(out.end(), whole.begin(), whole.end());
      });
  const Record rest = record.subspan(end);
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

std::vector<XmpProperty> properties(Record record, std::vector<std::string>& left) {
  constexpr unsigned kCharset = 90;
  Values sets;
  each_data_set(record, [&](unsigned number, unsigned set, std::string_view value, std::size_t, std::size_t) {
    const std::string text(value);
    if (number == 2) sets[set].push_back(utf8::is_valid(text) ? text : utf8::from_latin1(text));
    if (number == 1 && set != kRecordVersion && set != kCharset) name_once(left, "IPTC envelope");
    if (number > 2 && set != kRecordVersion) name_once(left, "IPTC record " + std::to_string(number));
  });
  std::vector<XmpProperty> out = take_properties(sets, left);
  for (unsigned set = kRecordVersion + 1; set < sets.size(); ++set) {
    const bool said = std::any_of(sets[set].begin(), sets[set].end(), [](const std::string& v) { return !v.empty(); });
    if (said && !is_preview(2, set)) name_once(left, name_of(set));
  }
  return out;
}

}  // namespace zimage::codecs::iptc
