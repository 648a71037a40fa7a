// A TIFF file is an EXIF structure itself, with the picture in it: what describes the picture is copied out of it.
#include <algorithm>
#include <functional>

#include "io/exif.h"
#include "io/exif_directory.h"

namespace zimage::io::exif {
namespace {

constexpr std::uint16_t kExifDirectory = 0x8769, kGpsDirectory = 0x8825;
/// Maker notes and what points elsewhere can't be moved: offsets within them are the file's.
constexpr std::uint16_t kUnmovable[] = {0x927c, 0xa005};
/// Description, maker, model, resolution, software, date, artist, copyright.
constexpr std::uint16_t kDescriptive[] = {0x010e, 0x010f, 0x0110, 0x011a, 0x011b,
                                          0x0128, 0x0131, 0x0132, 0x013b, 0x8298};
constexpr std::uint16_t kResolution[] = {0x011a, 0x011b, 0x0128};
constexpr std::size_t kMaxValue = 65536;
constexpr std::size_t kMaxBlock = 1 << 20;

template <std::size_t N>
bool among(const std::uint16_t (&tags)[N], std::uint16_t tag) {
  return std::find(std::begin(tags), std::end(tags), tag) != std::end(tags);
}

/// The entries that `wanted` takes, their values appended to `out`, in the same byte order.
std::vector<Entry> copy_entries(std::span<const std::uint8_t> file, const Structure& structure,
                                const Directory& directory, const std::function<bool(std::uint16_t)>& wanted,
                                Block& out) {
  std::vector<Entry> entries;
  for (const Entry& entry : directory.entries) {
    const std::size_t size = structure.value_size(entry);
    const auto at = structure.value_at(entry);
    if (!wanted(entry.tag) || !at || size > kMaxValue || out.size() > kMaxBlock) continue;
    Entry copy = entry;
    if (size > 4) {
      if (out.size() % 2 != 0) out.push_back(0);
      const Entry offset = long_entry(entry.tag, static_cast<std::uint32_t>(out.size()), structure.big_endian());
      copy.value = offset.value;
      const auto value = file.subspan(*at, size);
      out.insert(out.end(), value.begin(), value.end());
    }
    set_entry(entries, copy);
  }
  return entries;
}

}  // namespace

Block from_tiff(std::span<const std::uint8_t> file) {
  const auto structure = Structure::open(file);
  const auto first = structure ? structure->directory(structure->first_directory()) : std::nullopt;
  if (!first) return {};
  const bool big_endian = structure->big_endian();
  Block out = {'I', 'I', 42, 0, 0, 0, 0, 0};
  if (big_endian) out = {'M', 'M', 0, 42, 0, 0, 0, 0};
  std::vector<Entry> entries = copy_entries(
      file, *structure, *first, [](std::uint16_t tag) { return among(kDescriptive, tag); }, out);
  for (const std::uint16_t tag : {kExifDirectory, kGpsDirectory}) {
    const auto directory = structure->child(*first, tag);
    if (!directory) continue;
    const auto movable = [](std::uint16_t t) { return !among(kUnmovable, t); };
    const std::vector<Entry> inner = copy_entries(file, *structure, *directory, movable, out);
    if (inner.empty()) continue;
    const std::size_t at = append_directory(out, inner, 0, big_endian);
    set_entry(entries, long_entry(tag, static_cast<std::uint32_t>(at), big_endian));
  }
  const auto only_resolution = [](const Entry& e) { return among(kResolution, e.tag); };
  if (std::all_of(entries.begin(), entries.end(), only_resolution)) return {};
  const std::size_t at = append_directory(out, entries, 0, big_endian);
  put_u32(out, 4, static_cast<std::uint32_t>(at), big_endian);
  return out;
}

}  // namespace zimage::io::exif
