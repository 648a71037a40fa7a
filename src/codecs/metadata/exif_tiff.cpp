// A TIFF file is itself an EXIF structure, with the picture in it. This copies the entries that describe the picture
// out of it, and into it.
#include <algorithm>
#include <functional>

#include "codecs/metadata/exif.h"
#include "codecs/metadata/exif_directory.h"
#include "codecs/metadata/photoshop.h"
#include "codecs/metadata/tiff_tags.h"

namespace zimage::codecs::exif {
namespace {

constexpr std::uint16_t kExifDirectory = 0x8769, kGpsDirectory = 0x8825;
constexpr std::uint16_t kByte = 1, kLong = 4;
constexpr std::uint16_t kIptc = 0x83bb, kPhotoshop = 0x8649;
/// Maker notes and the interoperability directory can't be moved: the offsets within them refer to the file.
constexpr std::uint16_t kUnmovable[] = {0x927c, 0xa005};
/// The program that worked on it, document name, description, maker, model, page name and place on the page,
/// resolution, software, date, artist, host, printer, rating, copyright, and Windows' title, comment, author, keywords
/// and subject.
constexpr std::uint16_t kDescriptive[] = {0x000b, 0x010d, 0x010e, 0x010f, 0x0110, 0x011a, 0x011b, 0x011d,
                                          0x0128, 0x0131, 0x0132, 0x013b, 0x013c, 0x0151, 0x4746, 0x4749,
                                          0x9c9b, 0x9c9c, 0x9c9d, 0x9c9e, 0x9c9f, 0x8298};
/// Exif's own tags that some programs (TIFF/EP) write into the first directory, from the first to the last.
constexpr std::uint16_t kExifTags[][2] = {
    {0x829a, 0x829d}, {0x8822, 0x8822}, {0x8824, 0x8824}, {0x8827, 0x8827}, {0x8830, 0x8835}, {0x9003, 0x9012},
    {0x9201, 0x920a}, {0x9290, 0x9292}, {0x920e, 0x920f}, {0x9214, 0x9214}, {0xa20b, 0xa20b}, {0xa20e, 0xa217},
    {0xa300, 0xa302}, {0xa401, 0xa40a}, {0xa40c, 0xa40c}, {0xa420, 0xa420}, {0xa430, 0xa435}};
/// Entries of a damaged directory may all point to the same large value, so the sum of their sizes is bounded too. The
/// comment may hold a prompt of 1 MiB.
constexpr std::size_t kMaxValue = std::size_t{1} << 23;
constexpr std::size_t kMaxCopied = std::size_t{1} << 23;

template <std::size_t N>
bool among(const std::uint16_t (&tags)[N], std::uint16_t tag) {
  return std::find(std::begin(tags), std::end(tags), tag) != std::end(tags);
}

bool is_descriptive(std::uint16_t tag) {
  return among(kDescriptive, tag) || std::any_of(std::begin(kExifTags), std::end(kExifTags),
                                                 [&](const auto& range) { return tag >= range[0] && tag <= range[1]; });
}

/// Returns the entries of `block` that `wanted` accepts, and appends their values to `out`, in the same byte order.
std::vector<Entry> copy_entries(std::span<const std::uint8_t> block, const Structure& structure,
                                const Directory& directory, const std::function<bool(std::uint16_t)>& wanted,
                                Block& out) {
  const std::size_t begin = out.size();
  std::vector<Entry> entries;
  for (const Entry& entry : directory.entries) {
    const std::size_t size = structure.value_size(entry);
    const auto at = structure.value_at(entry);
    if (!wanted(entry.tag) || !at || size > kMaxValue || out.size() - begin > kMaxCopied) continue;
    Entry copy = entry;
    if (size > 4) {
      if (out.size() % 2 != 0) out.push_back(0);
      const Entry offset = long_entry(entry.tag, static_cast<std::uint32_t>(out.size()), structure.big_endian());
      copy.value = offset.value;
      const auto value = block.subspan(*at, size);
      out.insert(out.end(), value.begin(), value.end());
    }
    set_entry(entries, copy);
  }
  return entries;
}

/// Copies what describes the picture in the first directory of `block`: appends the entries' values and the Exif and
/// GPS directories to `out`, which has the same byte order, and returns the entries for its first directory.
std::vector<Entry> copy_description(std::span<const std::uint8_t> block, const Structure& structure,
                                    const Directory& first, Block& out) {
  const bool big_endian = structure.big_endian();
  const auto movable = [](std::uint16_t tag) { return !among(kUnmovable, tag); };
  std::vector<Entry> entries = copy_entries(block, structure, first, is_descriptive, out);
  for (const std::uint16_t tag : {kExifDirectory, kGpsDirectory}) {
    const auto directory = structure.child(first, tag);
    if (!directory) continue;
    const std::vector<Entry> inner = copy_entries(block, structure, *directory, movable, out);
    if (inner.empty()) continue;
    const std::size_t at = append_directory(out, inner, 0, big_endian);
    set_entry(entries, long_entry(tag, static_cast<std::uint32_t>(at), big_endian));
  }
  return entries;
}

/// Appends bytes to the file and their entry to the directory's, unless there are none. As LONG they are padded, and
/// keep their order whatever the file's is: that is how IPTC is written.
void append_bytes(std::uint16_t tag, std::uint16_t type, std::span<const std::uint8_t> bytes, bool big_endian,
                  Block& file, std::vector<Entry>& entries) {
  if (bytes.size() <= 4) return;
  if (file.size() % 2 != 0) file.push_back(0);
  const std::size_t each = type == kLong ? 4 : 1;
  const std::size_t count = (bytes.size() + each - 1) / each;
  Entry entry = long_entry(tag, static_cast<std::uint32_t>(file.size()), big_endian);
  entry.type = type;
  entry.count = static_cast<std::uint32_t>(count);
  set_entry(entries, entry);
  file.insert(file.end(), bytes.begin(), bytes.end());
  file.resize(file.size() + count * each - bytes.size());
}

}  // namespace

std::vector<std::string> left_by_tiff(std::span<const std::uint8_t> block) {
  std::vector<std::string> names = tiff::names_of_others(block, is_descriptive);
  if (has_maker_notes(block)) names.emplace_back("maker notes");
  return names;
}

std::span<const std::uint8_t> tag_of_tiff(std::span<const std::uint8_t> file, std::uint16_t tag) {
  const auto structure = Structure::open(file);
  const auto first = structure ? structure->directory(structure->first_directory()) : std::nullopt;
  const Entry* entry = first ? first->find(tag) : nullptr;
  const auto at = entry != nullptr ? structure->value_at(*entry) : std::nullopt;
  return at ? file.subspan(*at, structure->value_size(*entry)) : std::span<const std::uint8_t>{};
}

Block photoshop_of_tiff(std::span<const std::uint8_t> file, bool& differs) {
  Block resources = photoshop::kept(tag_of_tiff(file, kPhotoshop));
  const std::span<const std::uint8_t> record = tag_of_tiff(file, kIptc);
  const Block more = record.size() > kMaxValue ? Block{} : photoshop::of_iptc(record);
  const auto own = photoshop::iptc(resources), other = photoshop::iptc(more);
  if (own.empty()) resources.insert(resources.end(), more.begin(), more.end());
  differs = !own.empty() && !other.empty() && !std::equal(own.begin(), own.end(), other.begin(), other.end());
  return resources;
}

bool is_big_endian(const Block& block) {
  const auto structure = Structure::open(block);
  return structure && structure->big_endian();
}

Block from_tiff(std::span<const std::uint8_t> file) {
  const auto structure = Structure::open(file);
  const auto first = structure ? structure->directory(structure->first_directory()) : std::nullopt;
  if (!first) return {};
  const bool big_endian = structure->big_endian();
  Block out = begin_structure(big_endian);
  const std::vector<Entry> entries = copy_description(file, *structure, *first, out);
  if (entries.empty()) return {};
  end_structure(out, entries, big_endian);
  return out;
}

void into_tiff(const Block& block, const Block& photoshop, const Block& tags, Block& file) {
  const auto source = Structure::open(block);
  const auto described = source ? source->directory(source->first_directory()) : std::nullopt;
  const auto target = Structure::open(file);
  const auto first = target ? target->directory(target->first_directory()) : std::nullopt;
  const bool fits = described && target && source->big_endian() == target->big_endian();
  if (!first || (!fits && photoshop.empty() && tags.empty())) return;
  const bool big_endian = target->big_endian();
  // `target` refers to the file itself, so nothing may be read through it once the file has grown.
  const std::uint32_t next = first->next_at == 0 ? 0 : target->u32(first->next_at);
  std::vector<Entry> entries = first->entries;
  if (fits) {
    for (const Entry& entry : copy_description(block, *source, *described, file)) set_entry(entries, entry);
  }
  for (const Entry& entry : tiff::own_entries(tags, big_endian, file)) set_entry(entries, entry);
  append_bytes(kPhotoshop, kByte, photoshop::without_iptc(photoshop), big_endian, file, entries);
  append_bytes(kIptc, kLong, photoshop::iptc(photoshop), big_endian, file, entries);
  const std::size_t at = append_directory(file, entries, next, big_endian);
  put_u32(file, 4, static_cast<std::uint32_t>(at), big_endian);
}

}  // namespace zimage::codecs::exif
