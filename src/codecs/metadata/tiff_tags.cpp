#include "codecs/metadata/tiff_tags.h"

#include <algorithm>

#include "codecs/metadata/image_metadata.h"

namespace zimage::codecs::tiff {
namespace {

using exif::Directory;
using exif::Entry;
using exif::Structure;

/// What a TIFF's tags about its pixels, its directories, and what is read elsewhere (XMP, IPTC, Photoshop, ICC, C2PA)
/// are, from the first to the last.
constexpr std::uint16_t kForm[][2] = {
    {0x00fe, 0x010a}, {0x0111, 0x0112}, {0x0115, 0x0119}, {0x011c, 0x011c}, {0x0120, 0x0125}, {0x0129, 0x0129},
    {0x012d, 0x012d}, {0x013d, 0x0145}, {0x014a, 0x014a}, {0x0152, 0x0156}, {0x015b, 0x015b}, {0x0200, 0x0214},
    {0x02bc, 0x02bc}, {0x83bb, 0x83bb}, {0x8649, 0x8649}, {0x8769, 0x8769}, {0x8773, 0x8773}, {0x8825, 0x8825},
    {0xa005, 0xa005}, {0xcd41, 0xcd41}, {0xea1c, 0xea1d}};

struct Named {
  std::uint16_t tag;
  const char* name;
  bool place;  ///< it says where the picture lies
};

constexpr Named kOwn[] = {{0x011e, "its place on the page", true}, {0x011f, "its place on the page", true},
                          {0x830e, "GeoTIFF tags", true},  // ModelPixelScale
                          {0x8480, "GeoTIFF tags", true},  // Intergraph's matrix
                          {0x8482, "GeoTIFF tags", true},  // ModelTiepoint
                          {0x85d8, "GeoTIFF tags", true},  // ModelTransformation
                          {0x87af, "GeoTIFF tags", true},  // GeoKeyDirectory
                          {0x87b0, "GeoTIFF tags", true},  // GeoDoubleParams
                          {0x87b1, "GeoTIFF tags", true},  // GeoAsciiParams
                          {0xc69c, "GeoTIFF tags", true},  // RPCCoefficient
                          {0xa480, "GDAL's metadata", false},      {0xa481, "GDAL's value for no data", false}};

constexpr Named kOthers[] = {{0x935c, "Photoshop's layers", false}, {0xc4a5, "print settings (PrintIM)", false},
                             {0xc634, "DNG's tags", false},         {0xc696, "ImageJ's metadata", false},
                             {0xc697, "ImageJ's metadata", false},  {0x82a5, "MD FileTag", false},
                             {0x0147, "TIFF/IT's tags", false},     {0x882a, "the time zone", false}};
/// Adobe DNG's tags.
constexpr std::uint16_t kFirstDng = 0xc612, kLastDng = 0xc7ff;

constexpr std::size_t kMaxValue = std::size_t{1} << 23;

template <std::size_t N>
const Named* find(const Named (&tags)[N], std::uint16_t tag) {
  const auto place = std::find_if(std::begin(tags), std::end(tags), [&](const Named& n) { return n.tag == tag; });
  return place == std::end(tags) ? nullptr : &*place;
}

bool is_form(std::uint16_t tag) {
  return std::any_of(std::begin(kForm), std::end(kForm),
                     [&](const auto& range) { return tag >= range[0] && tag <= range[1]; });
}

std::string name_of_other(std::uint16_t tag) {
  if (const Named* known = find(kOthers, tag)) return known->name;
  if (const Named* own = find(kOwn, tag)) return own->name;
  if (tag >= kFirstDng && tag <= kLastDng) return "DNG's tags";
  return "TIFF tag " + std::to_string(tag);
}

struct Open {
  Structure structure;
  Directory first;
};

std::optional<Open> open(File file) {
  const auto structure = Structure::open(file);
  auto first = structure ? structure->directory(structure->first_directory()) : std::nullopt;
  if (!first) return std::nullopt;
  return Open{*structure, *std::move(first)};
}

/// Appends bytes at an even offset, and returns that.
std::uint32_t append(Block& out, File bytes) {
  if (out.size() % 2 != 0) out.push_back(0);
  const auto at = static_cast<std::uint32_t>(out.size());
  out.insert(out.end(), bytes.begin(), bytes.end());
  return at;
}

}  // namespace

bool has(File file, std::uint16_t tag) {
  const auto opened = open(file);
  return opened && opened->first.find(tag) != nullptr;
}

Block own_tags(File file) {
  const auto opened = open(file);
  if (!opened) return {};
  const bool big_endian = opened->structure.big_endian();
  Block out = exif::begin_structure(big_endian);
  std::vector<Entry> entries;
  for (const Entry& entry : opened->first.entries) {
    const std::size_t size = opened->structure.value_size(entry);
    const auto at = opened->structure.value_at(entry);
    if (find(kOwn, entry.tag) == nullptr || !at || size > kMaxValue) continue;
    Entry copy = entry;
    if (size > 4) copy.value = exif::long_entry(0, append(out, file.subspan(*at, size)), big_endian).value;
    exif::set_entry(entries, copy);
  }
  if (entries.empty()) return {};
  exif::end_structure(out, entries, big_endian);
  return out;
}

std::vector<Entry> own_entries(const Block& tags, bool big_endian, Block& file) {
  const auto opened = open(tags);
  std::vector<Entry> out;
  if (!opened) return out;
  for (const Entry& entry : opened->first.entries) {
    const std::size_t size = opened->structure.value_size(entry);
    const auto at = opened->structure.value_at(entry);
    if (!at || entry.count == 0) continue;
    Block value(tags.begin() + static_cast<std::ptrdiff_t>(*at),
                tags.begin() + static_cast<std::ptrdiff_t>(*at + size));
    constexpr std::uint16_t kRational = 5, kSignedRational = 10;
    const bool pairs = entry.type == kRational || entry.type == kSignedRational;
    const auto each = static_cast<std::ptrdiff_t>(pairs ? 4 : size / entry.count);
    if (big_endian != opened->structure.big_endian()) {
      for (auto one = value.begin(); one != value.end(); one += each) std::reverse(one, one + each);
    }
    Entry copy = entry;
    if (size <= 4) std::copy(value.begin(), value.end(), copy.value.begin());
    if (size > 4) copy.value = exif::long_entry(0, append(file, value), big_endian).value;
    out.push_back(copy);
  }
  return out;
}

Block without_places(const Block& tags, std::vector<std::string>& names) {
  const auto opened = open(tags);
  if (!opened) return {};
  std::vector<Entry> entries;
  for (const Entry& entry : opened->first.entries) {
    const Named* own = find(kOwn, entry.tag);
    if (own != nullptr && !own->place) entries.push_back(entry);
    if (own != nullptr && own->place) name_once(names, own->name);
  }
  if (entries.empty()) return {};
  Block out = tags;
  exif::end_structure(out, entries, opened->structure.big_endian());
  return out;
}

std::vector<std::string> names_of(const Block& tags) {
  std::vector<std::string> out;
  const auto opened = open(tags);
  if (!opened) return out;
  for (const Entry& entry : opened->first.entries) name_once(out, name_of_other(entry.tag));
  return out;
}

std::vector<std::string> names_of_others(File file, const std::function<bool(std::uint16_t)>& kept) {
  std::vector<std::string> out;
  const auto opened = open(file);
  if (!opened) return out;
  for (const Entry& entry : opened->first.entries) {
    const bool readable = opened->structure.value_at(entry).has_value();
    const bool small = opened->structure.value_size(entry) <= kMaxValue;
    const bool stays = small && (kept(entry.tag) || find(kOwn, entry.tag) != nullptr);
    if (readable && !stays && !is_form(entry.tag)) name_once(out, name_of_other(entry.tag));
  }
  return out;
}

}  // namespace zimage::codecs::tiff
