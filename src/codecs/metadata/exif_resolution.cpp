// The resolution in an EXIF block, and what the block says about colours.
#include <cmath>
#include <utility>

#include "codecs/metadata/exif.h"
#include "codecs/metadata/exif_directory.h"

namespace zimage::codecs::exif {
namespace {

constexpr std::uint16_t kXResolution = 0x011a, kYResolution = 0x011b, kResolutionUnit = 0x0128;
constexpr std::uint16_t kExifDirectory = 0x8769, kInteroperability = 0xa005, kColorSpace = 0xa001;
constexpr std::uint16_t kIndex = 1;
constexpr std::uint16_t kAscii = 2, kShort = 3, kRational = 5;
constexpr std::uint16_t kNoUnit = 1, kInch = 2, kCentimetre = 3;
constexpr std::uint32_t kSrgb = 1, kAdobeRgb = 2;  // 2 isn't in the standard, but some cameras write it

std::optional<double> rational(const Structure& structure, const Entry* entry) {
  if (entry == nullptr || entry->type != kRational || entry->count != 1) return std::nullopt;
  const auto at = structure.value_at(*entry);
  if (!at || structure.u32(*at + 4) == 0) return std::nullopt;
  return static_cast<double>(structure.u32(*at)) / structure.u32(*at + 4);
}

using Fraction = std::pair<std::uint32_t, std::uint32_t>;

/// Returns the fraction with a denominator of 1, or of up to 10000 for what isn't whole.
Fraction as_fraction(double value) {
  for (const std::uint32_t denominator : {1U, 10000U, 100U}) {
    const double numerator = std::round(value * denominator);
    const bool exact = denominator != 1 || std::abs(numerator - value) < 1e-7;
    if (exact && numerator >= 1 && numerator <= 4294967295.0) {
      return {static_cast<std::uint32_t>(numerator), denominator};
    }
  }
  return {0, 0};
}

void put_fraction(Block& block, std::size_t at, const Fraction& value, bool big_endian) {
  put_u32(block, at, value.first, big_endian);
  put_u32(block, at + 4, value.second, big_endian);
}

/// Sets the numbers where they are, if the directory has all three and the first two don't share their bytes.
bool set_in_place(Block& block, const Structure& structure, const Directory& first, const Fraction& x,
                  const Fraction& y, std::uint16_t unit) {
  const Entry* wide = first.find(kXResolution);
  const Entry* high = first.find(kYResolution);
  const Entry* entry = first.find(kResolutionUnit);
  if (!rational(structure, wide) || !rational(structure, high)) return false;
  if (entry == nullptr || entry->type != kShort || entry->count != 1) return false;
  const std::size_t wide_at = *structure.value_at(*wide), high_at = *structure.value_at(*high);
  if (wide_at < high_at + 8 && high_at < wide_at + 8) return false;
  put_fraction(block, wide_at, x, structure.big_endian());
  put_fraction(block, high_at, y, structure.big_endian());
  put_u16(block, entry->at + 8, unit, structure.big_endian());
  return true;
}

struct Interoperability {
  std::size_t at = 0;  ///< where the index is
  bool adobe_rgb = false;
};

/// Finds the index of the Interoperability directory: "R98" is sRGB and "R03" Adobe RGB (DCF 2.0, Exif 2.32).
std::optional<Interoperability> interoperability(const Block& block, const Structure& structure,
                                                 const Directory& exif_directory) {
  const auto directory = structure.child(exif_directory, kInteroperability);
  const Entry* index = directory ? directory->find(kIndex) : nullptr;
  const auto at =
      index != nullptr && index->type == kAscii && index->count == 4 ? structure.value_at(*index) : std::nullopt;
  if (!at) return std::nullopt;
  return Interoperability{*at, block[*at] == 'R' && block[*at + 1] == '0' && block[*at + 2] == '3'};
}

}  // namespace

std::optional<Resolution> resolution(const Block& block) {
  const auto structure = Structure::open(block);
  const auto first = structure ? structure->directory(structure->first_directory()) : std::nullopt;
  if (!first) return std::nullopt;
  const auto x = rational(*structure, first->find(kXResolution));
  const auto y = rational(*structure, first->find(kYResolution));
  if (!x || !y) return std::nullopt;
  const Entry* entry = first->find(kResolutionUnit);
  const std::uint32_t unit = entry == nullptr ? kInch : structure->number(*entry).value_or(0);
  return make_resolution(*x, *y,
                         unit == kInch         ? DotsPer::kInch
                         : unit == kCentimetre ? DotsPer::kCentimetre
                                               : DotsPer::kNothing);
}

Block with_resolution(Block block, const Resolution& wanted, bool add) {
  const bool centimetres = wanted.unit == DotsPer::kCentimetre;
  const Resolution dots = in_unit(wanted, centimetres ? DotsPer::kCentimetre : DotsPer::kInch);
  const auto x = as_fraction(dots.x), y = as_fraction(dots.y);
  if (x.second == 0 || y.second == 0) return block;
  if (block.empty() && add) block = {'I', 'I', 42, 0, 0, 0, 0, 0};
  const auto structure = Structure::open(block);
  if (!structure) return block;
  const auto first = structure->directory(structure->first_directory());
  if (!add && (!first || first->find(kXResolution) == nullptr || first->find(kYResolution) == nullptr)) return block;
  const bool big_endian = structure->big_endian();
  const std::uint16_t unit = wanted.unit == DotsPer::kNothing ? kNoUnit : centimetres ? kCentimetre : kInch;
  if (first && set_in_place(block, *structure, *first, x, y, unit)) return block;
  // The structure refers to the block itself, so everything is read before the block grows.
  const std::uint32_t next = first && first->next_at != 0 ? structure->u32(first->next_at) : 0;
  std::vector<Entry> entries = first ? first->entries : std::vector<Entry>{};
  if (!first && structure->first_directory() != 0) return block;
  for (const auto& [tag, value] : {std::pair{kXResolution, x}, {kYResolution, y}}) {
    if (block.size() % 2 != 0) block.push_back(0);
    Entry entry = long_entry(tag, static_cast<std::uint32_t>(block.size()), big_endian);
    entry.type = kRational;
    set_entry(entries, entry);
    block.resize(block.size() + 8);
    put_fraction(block, block.size() - 8, value, big_endian);
  }
  Entry entry;
  entry.tag = kResolutionUnit;
  entry.type = kShort;
  entry.count = 1;
  entry.value[big_endian ? 1 : 0] = static_cast<std::uint8_t>(unit);
  set_entry(entries, entry);
  const std::size_t at = append_directory(block, entries, next, big_endian);
  put_u32(block, 4, static_cast<std::uint32_t>(at), big_endian);
  return block;
}

bool is_adobe_rgb(const Block& block) {
  const auto structure = Structure::open(block);
  const auto first = structure ? structure->directory(structure->first_directory()) : std::nullopt;
  const auto directory = first ? structure->child(*first, kExifDirectory) : std::nullopt;
  if (!directory) return false;
  const Entry* space = directory->find(kColorSpace);
  const auto number = space != nullptr ? structure->number(*space) : std::nullopt;
  if (number == kAdobeRgb) return true;
  const auto index = interoperability(block, *structure, *directory);
  return number != kSrgb && index && index->adobe_rgb;
}

Block as_srgb(Block block) {
  const auto structure = Structure::open(block);
  const auto first = structure ? structure->directory(structure->first_directory()) : std::nullopt;
  const auto directory = first ? structure->child(*first, kExifDirectory) : std::nullopt;
  if (!directory) return block;
  const auto index = interoperability(block, *structure, *directory);
  const Entry* space = directory->find(kColorSpace);
  if (space != nullptr && space->type == kShort && space->count == 1) {
    put_u16(block, space->at + 8, kSrgb, structure->big_endian());
  }
  if (index && index->adobe_rgb) {
    block[index->at + 1] = '9';
    block[index->at + 2] = '8';
  }
  return block;
}

}  // namespace zimage::codecs::exif
