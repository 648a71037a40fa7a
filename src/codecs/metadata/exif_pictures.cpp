// Finds the pictures in an EXIF block, and whether it says anything else.
#include <algorithm>
#include <string_view>

#include "codecs/metadata/exif.h"
#include "codecs/metadata/exif_directory.h"

namespace zimage::codecs::exif {
namespace {

constexpr std::uint16_t kExifDirectory = 0x8769, kGpsDirectory = 0x8825, kInteroperability = 0xa005;
constexpr std::uint16_t kThumbnailAt = 0x0201, kThumbnailSize = 0x0202, kStripsAt = 0x0111, kStripSizes = 0x0117;
constexpr std::uint16_t kMakerNote = 0x927c, kUserComment = 0x9286, kPadding = 0xea1c;
constexpr std::uint16_t kShort = 3;
/// Directories that follow the first one; more are hardly meant.
constexpr int kMaxDirectories = 16;

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Adds the bytes of a directory and its values.
void add_ranges(const Structure& structure, const Directory& directory, std::vector<Range>& out) {
  out.push_back({directory.at, directory.at + 2 + 12 * directory.entries.size() + 4});
  for (const Entry& entry : directory.entries) {
    const std::size_t size = structure.value_size(entry);
    const auto at = structure.value_at(entry);
    if (at && size > 4) out.push_back({*at, *at + size});
  }
}

/// Returns the bytes that the block's own directories take.
std::vector<Range> ranges_in_use(const Structure& structure, const Directory& first) {
  std::vector<Range> out = {{0, 8}};
  add_ranges(structure, first, out);
  for (const std::uint16_t tag : {kExifDirectory, kGpsDirectory}) {
    const auto child = structure.child(first, tag);
    if (!child) continue;
    add_ranges(structure, *child, out);
    if (const auto inner = structure.child(*child, kInteroperability)) add_ranges(structure, *inner, out);
  }
  return out;
}

/// Returns the numbers of an entry of SHORTs or LONGs.
std::vector<std::size_t> numbers_of(const Structure& structure, const Directory& directory, std::uint16_t tag) {
  std::vector<std::size_t> out;
  const Entry* entry = directory.find(tag);
  const auto at = entry != nullptr ? structure.value_at(*entry) : std::nullopt;
  if (!at || (entry->type != kShort && entry->type != 4)) return out;
  constexpr std::size_t kMaxStrips = 4096;
  for (std::size_t i = 0; i < std::min<std::size_t>(entry->count, kMaxStrips); ++i) {
    out.push_back(entry->type == kShort ? structure.u16(*at + 2 * i) : structure.u32(*at + 4 * i));
  }
  return out;
}

/// Returns where the pictures of the directories behind the first one are, as far as nothing else lies there: a wrong
/// offset must not destroy other data.
std::vector<Range> pictures_behind(const Structure& structure, const Directory& first, std::size_t size) {
  const std::vector<Range> used = ranges_in_use(structure, first);
  std::vector<Range> out;
  const auto add = [&](const std::vector<std::size_t>& begins, const std::vector<std::size_t>& sizes) {
    for (std::size_t i = 0; i < std::min(begins.size(), sizes.size()); ++i) {
      if (sizes[i] == 0 || begins[i] > size || size - begins[i] < sizes[i]) continue;
      const Range range{begins[i], begins[i] + sizes[i]};
      const bool free = std::none_of(used.begin(), used.end(),
                                     [&](const Range& u) { return range.begin < u.end && u.begin < range.end; });
      if (free) out.push_back(range);
    }
  };
  std::size_t at = structure.u32(first.next_at);
  for (int i = 0; i < kMaxDirectories && at != 0; ++i) {
    const auto next = structure.directory(at);
    if (!next) break;
    add(numbers_of(structure, *next, kThumbnailAt), numbers_of(structure, *next, kThumbnailSize));
    add(numbers_of(structure, *next, kStripsAt), numbers_of(structure, *next, kStripSizes));
    at = next->next_at == 0 ? 0 : structure.u32(next->next_at);
  }
  return out;
}

/// Returns where the JPEG that begins at `begin` ends; `begin` if its segments up to the first scan aren't a JPEG's, so
/// that three bytes that only look like its start are left alone.
std::size_t end_of_jpeg(const Block& block, std::size_t begin) {
  constexpr std::uint8_t kScan = 0xda;
  constexpr int kMostSegments = 256;  // of a hostile block's, all would be looked at again from each of them
  bool frame = false;
  int segments = 0;
  for (std::size_t at = begin + 2; at + 4 <= block.size() && ++segments <= kMostSegments;) {
    const std::uint8_t marker = block[at + 1];
    const std::size_t length = std::size_t{block[at + 2]} << 8 | block[at + 3];
    if (block[at] != 0xff || marker < 0xc0 || (marker >= 0xd0 && marker <= 0xd9) || length < 2) return begin;
    frame = frame || (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc);
    at += 2 + length;
    if (marker != kScan) continue;
    if (!frame) return begin;
    constexpr std::uint8_t kEnd[] = {0xff, 0xd9};
    const auto from = block.begin() + static_cast<std::ptrdiff_t>(std::min(at, block.size()));
    const auto end = std::search(from, block.end(), std::begin(kEnd), std::end(kEnd));
    return end == block.end() ? block.size() : static_cast<std::size_t>(end - block.begin()) + 2;
  }
  return frame && segments <= kMostSegments ? block.size() : begin;
}

std::vector<Range> jpegs_in(const Block& block) {
  const std::string_view bytes(reinterpret_cast<const char*>(block.data()), block.size());
  std::vector<Range> out;
  for (std::size_t at = bytes.find("\xff\xd8\xff"); at != bytes.npos; at = bytes.find("\xff\xd8\xff", at + 1)) {
    const std::size_t end = end_of_jpeg(block, at);
    if (end == at) continue;
    out.push_back({at, end});
    at = end - 1;
  }
  return out;
}

/// Returns whether one of the values isn't zero or blank; a comment's first eight bytes name its encoding.
bool has_content(std::span<const std::uint8_t> block, const Structure& structure, const Entry& entry) {
  const auto at = structure.value_at(entry);
  if (!at) return false;
  const std::size_t skip = entry.tag == kUserComment ? 8 : 0;
  const auto begin = block.begin() + static_cast<std::ptrdiff_t>(*at);
  const auto end = begin + static_cast<std::ptrdiff_t>(structure.value_size(entry));
  return end - begin > static_cast<std::ptrdiff_t>(skip) &&
         std::any_of(begin + static_cast<std::ptrdiff_t>(skip), end, [](std::uint8_t b) { return b != 0 && b != ' '; });
}

/// These tags of the first directory and the Exif directory are about the picture's form: its size, orientation,
/// resolution, samples, versions, colour space, padding, and the other directories.
constexpr std::uint16_t kForm[] = {0x0100, 0x0101, 0x0102, 0x0103, 0x0106, 0x0112,         0x0115,        0x011a,
                                   0x011b, 0x011c, 0x0128, 0x0213, 0x9000, kExifDirectory, kGpsDirectory, 0x9101,
                                   0xa000, 0xa001, 0xa002, 0xa003, 0xa005, kPadding,       0xea1d};
constexpr std::uint16_t kGpsVersion = 0;

}  // namespace

Block without_pictures(Block block) {
  const auto structure = Structure::open(block);
  const auto first = structure ? structure->directory(structure->first_directory()) : std::nullopt;
  if (!first) return block;
  std::vector<Range> pictures;
  if (first->next_at != 0) {
    pictures = pictures_behind(*structure, *first, block.size());
    put_u32(block, first->next_at, 0, structure->big_endian());
  }
  const std::vector<Range> jpegs = jpegs_in(block);
  pictures.insert(pictures.end(), jpegs.begin(), jpegs.end());
  // The structure refers to the block itself, so everything is read before the block becomes shorter.
  std::size_t used = 0;
  for (const Range& range : ranges_in_use(*structure, *first)) used = std::max(used, range.end);
  std::sort(pictures.begin(), pictures.end(), [](const Range& a, const Range& b) { return a.end > b.end; });
  std::size_t blank = block.size();  // as ends descend, a picture is blank from here on; each byte is filled once
  for (const Range& picture : pictures) {
    if (picture.begin >= blank) continue;
    std::fill(block.begin() + static_cast<std::ptrdiff_t>(picture.begin),
              block.begin() + static_cast<std::ptrdiff_t>(std::min(picture.end, blank)), std::uint8_t{0});
    blank = picture.begin;
  }
  for (const Range& picture : pictures) {
    if (picture.end >= block.size() && picture.begin >= used) block.resize(std::min(block.size(), picture.begin));
  }
  return block;
}

bool says_anything(const Block& block) {
  const auto structure = Structure::open(block);
  const auto first = structure ? structure->directory(structure->first_directory()) : std::nullopt;
  if (!first) return !block.empty();
  const auto tells = [&](const Directory& directory, bool gps) {
    return std::any_of(directory.entries.begin(), directory.entries.end(), [&](const Entry& entry) {
      const bool form =
          gps ? entry.tag == kGpsVersion : std::find(std::begin(kForm), std::end(kForm), entry.tag) != std::end(kForm);
      return !form && has_content(block, *structure, entry);
    });
  };
  if (tells(*first, false)) return true;
  const auto exif = structure->child(*first, kExifDirectory), gps = structure->child(*first, kGpsDirectory);
  return (exif && tells(*exif, false)) || (gps && tells(*gps, true));
}

bool has_maker_notes(std::span<const std::uint8_t> block) {
  const auto structure = Structure::open(block);
  const auto first = structure ? structure->directory(structure->first_directory()) : std::nullopt;
  const auto exif = first ? structure->child(*first, kExifDirectory) : std::nullopt;
  const Entry* notes = exif ? exif->find(kMakerNote) : nullptr;
  return notes != nullptr && has_content(block, *structure, *notes);
}

}  // namespace zimage::codecs::exif
