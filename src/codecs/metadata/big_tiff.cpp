// Brings a BigTIFF's entries into a classic TIFF structure, which all readers here know.
#include <algorithm>

#include "codecs/metadata/tiff_tags.h"

namespace zimage::codecs::tiff {
namespace {

using exif::Entry;

constexpr std::uint16_t kExifDirectory = 0x8769, kGpsDirectory = 0x8825;
constexpr std::size_t kMaxValue = std::size_t{1} << 23, kMaxCopied = std::size_t{1} << 26, kMaxEntries = 4096;

struct Reader {
  File file;
  bool big_endian = false;

  std::uint64_t number(std::size_t at, std::size_t count) const {
    std::uint64_t value = 0;
    if (at > file.size() || file.size() - at < count) return 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | file[at + (big_endian ? i : count - 1 - i)];
    return value;
  }
};

/// Copies the entries of the directory at `at`, with their values, and the Exif and GPS directories that it points to.
std::vector<Entry> copy_directory(const Reader& reader, std::uint64_t at, bool inner, Block& out) {
  constexpr std::size_t kEntry = 20;
  std::vector<Entry> entries;
  if (at < 16 || at > reader.file.size() || reader.file.size() - at < 8) return entries;
  const std::uint64_t count = std::min<std::uint64_t>(reader.number(at, 8), kMaxEntries);
  for (std::uint64_t i = 0; i < count && (i + 1) * kEntry <= reader.file.size() - at - 8; ++i) {
    const std::size_t place = at + 8 + i * kEntry;
    const auto tag = static_cast<std::uint16_t>(reader.number(place, 2));
    const auto type = static_cast<std::uint16_t>(reader.number(place + 2, 2));
    const std::uint64_t values = reader.number(place + 4, 8);
    if (tag == kExifDirectory || tag == kGpsDirectory) {
      const std::uint64_t child = reader.number(place + 12, type == 4 || type == 13 ? 4 : 8);
      const std::vector<Entry> within = inner ? std::vector<Entry>{} : copy_directory(reader, child, true, out);
      if (within.empty()) continue;
      const std::size_t begin = exif::append_directory(out, within, 0, reader.big_endian);
      exif::set_entry(entries, exif::long_entry(tag, static_cast<std::uint32_t>(begin), reader.big_endian));
      continue;
    }
    const std::size_t each = exif::type_size(type);
    if (each == 0 || values == 0 || values > kMaxValue / each || out.size() > kMaxCopied) continue;
    const std::size_t size = each * values;
    const std::uint64_t from = size <= 8 ? place + 12 : reader.number(place + 12, 8);
    if (from > reader.file.size() || reader.file.size() - from < size) continue;
    Entry entry = exif::long_entry(tag, 0, reader.big_endian);
    entry.type = type;
    entry.count = static_cast<std::uint32_t>(values);
    const auto begin = reader.file.begin() + static_cast<std::ptrdiff_t>(from);
    const auto end = begin + static_cast<std::ptrdiff_t>(size);
    if (size <= 4) {
      std::copy(begin, end, entry.value.begin());
    } else {
      if (out.size() % 2 != 0) out.push_back(0);
      entry.value = exif::long_entry(tag, static_cast<std::uint32_t>(out.size()), reader.big_endian).value;
      out.insert(out.end(), begin, end);
    }
    exif::set_entry(entries, entry);
  }
  return entries;
}

}  // namespace

Block as_classic(File file) {
  if (file.size() < 16 || file[0] != file[1] || (file[0] != 'I' && file[0] != 'M')) return {};
  const Reader reader{file, file[0] == 'M'};
  if (reader.number(2, 2) != 43 || reader.number(4, 2) != 8) return {};
  Block out = exif::begin_structure(reader.big_endian);
  const std::vector<Entry> entries = copy_directory(reader, reader.number(8, 8), false, out);
  if (entries.empty()) return {};
  exif::end_structure(out, entries, reader.big_endian);
  return out;
}

}  // namespace zimage::codecs::tiff
