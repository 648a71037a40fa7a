#include "codecs/metadata/exif.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "codecs/metadata/exif_directory.h"

namespace zimage::codecs::exif {
namespace {

constexpr std::uint16_t kOrientation = 0x0112;
constexpr std::uint16_t kExifDirectory = 0x8769;
constexpr std::uint16_t kExifVersion = 0x9000, kUserComment = 0x9286;
constexpr std::uint16_t kPixelWidth = 0xa002, kPixelHeight = 0xa003;
constexpr std::uint16_t kShort = 3, kLong = 4, kUndefined = 7;
/// The length of the prefix that names a comment's encoding.
constexpr std::size_t kPrefix = 8;
constexpr std::size_t kMaxEntries = 65535;

/// Sets a SHORT or LONG in place.
void set_number(Block& block, const Structure& structure, const Entry& entry, std::uint32_t value) {
  if (entry.count != 1) return;
  if (entry.type == kShort && value <= 0xffff) {
    put_u16(block, entry.at + 8, static_cast<std::uint16_t>(value), structure.big_endian());
  } else if (entry.type == kLong) {
    put_u32(block, entry.at + 8, value, structure.big_endian());
  }
}

/// Reads UTF-16 in the block's byte order, up to a zero.
std::string from_utf16(const Structure& structure, std::size_t at, std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i + 1 < size; i += 2) {
    std::uint32_t point = structure.u16(at + i);
    if (point == 0) break;
    const std::uint32_t low = i + 3 < size ? structure.u16(at + i + 2) : 0;
    if (point >= 0xd800 && point < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
      point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
      i += 2;
    } else if (point >= 0xd800 && point < 0xe000) {
      point = 0xfffd;
    }
    utf8::append(out, point);
  }
  return out;
}

/// Returns the bytes of an ASCII comment with their prefix.
Block encode_comment(const std::string& text) {
  const std::string bytes = std::string("ASCII\0\0\0", kPrefix) + text;
  return {bytes.begin(), bytes.end()};
}

/// Returns the entry for Exif version "0232".
Entry version_entry() {
  Entry entry;
  entry.tag = kExifVersion;
  entry.type = kUndefined;
  entry.count = 4;
  entry.value = {'0', '2', '3', '2'};
  return entry;
}

/// Cuts off a directory that this program appended to the block before, with its comment, so that a picture that is
/// worked on again and again doesn't grow.
void cut_own_tail(Block& block, const Structure& structure, const Directory& directory) {
  const Entry* comment = directory.find(kUserComment);
  if (comment == nullptr || directory.next_at == 0) return;
  const auto at = structure.value_at(*comment);
  if (!at || *at != directory.next_at + 4 || *at + structure.value_size(*comment) != block.size()) return;
  block.resize(directory.at);
}

/// Appends the Exif directory, with its comment right behind it. Returns where it is.
std::size_t append_exif(Block& block, std::vector<Entry> entries, const Block& comment, bool big_endian) {
  Entry entry;
  entry.tag = kUserComment;
  entry.type = kUndefined;
  entry.count = static_cast<std::uint32_t>(comment.size());
  set_entry(entries, entry);
  const std::size_t begin = block.size() + block.size() % 2;
  const auto behind = static_cast<std::uint32_t>(begin + 2 + entries.size() * 12 + 4);
  Entry offset = long_entry(kUserComment, behind, big_endian);
  offset.type = kUndefined;
  offset.count = entry.count;
  set_entry(entries, offset);
  const std::size_t at = append_directory(block, entries, 0, big_endian);
  block.insert(block.end(), comment.begin(), comment.end());
  return at;
}

Block new_block(const std::string& text) {
  Block block = {'I', 'I', 42, 0, 8, 0, 0, 0};
  // The first directory has one entry: 2 + 12 + 4 bytes, and the Exif directory follows it.
  append_directory(block, {long_entry(kExifDirectory, 26, false)}, 0, false);
  append_exif(block, {version_entry()}, encode_comment(text), false);
  return block;
}

}  // namespace

int orientation(const Block& block) {
  const auto structure = Structure::open(block);
  const auto first = structure ? structure->directory(structure->first_directory()) : std::nullopt;
  const Entry* entry = first ? first->find(kOrientation) : nullptr;
  const auto value = entry != nullptr ? structure->number(*entry) : std::nullopt;
  return value && *value >= 1 && *value <= 8 ? static_cast<int>(*value) : 1;
}

Block as_upright(Block block) {
  const auto structure = Structure::open(block);
  const auto first = structure ? structure->directory(structure->first_directory()) : std::nullopt;
  if (!first) return block;
  if (const Entry* entry = first->find(kOrientation)) set_number(block, *structure, *entry, 1);
  return without_pictures(std::move(block));
}

Block with_size(Block block, int width, int height) {
  const auto structure = Structure::open(block);
  const auto first = structure ? structure->directory(structure->first_directory()) : std::nullopt;
  const auto directory = first ? structure->child(*first, kExifDirectory) : std::nullopt;
  if (!directory) return block;
  const Entry* wide = directory->find(kPixelWidth);
  const Entry* high = directory->find(kPixelHeight);
  if (wide != nullptr) set_number(block, *structure, *wide, static_cast<std::uint32_t>(width));
  if (high != nullptr) set_number(block, *structure, *high, static_cast<std::uint32_t>(height));
  return block;
}

std::optional<std::string> user_comment(const Block& block) {
  const auto structure = Structure::open(block);
  const auto first = structure ? structure->directory(structure->first_directory()) : std::nullopt;
  const auto directory = first ? structure->child(*first, kExifDirectory) : std::nullopt;
  const Entry* entry = directory ? directory->find(kUserComment) : nullptr;
  if (entry == nullptr) return std::nullopt;
  const std::size_t size = structure->value_size(*entry);
  const auto at = structure->value_at(*entry);
  if (!at || size < kPrefix) return std::nullopt;
  const std::string bytes(block.begin() + static_cast<std::ptrdiff_t>(*at),
                          block.begin() + static_cast<std::ptrdiff_t>(*at + size));
  const std::string prefix = bytes.substr(0, kPrefix);
  if (prefix == std::string("UNICODE\0", kPrefix)) return from_utf16(*structure, *at + kPrefix, size - kPrefix);
  if (prefix != std::string("ASCII\0\0\0", kPrefix) && prefix != std::string(kPrefix, '\0')) return std::nullopt;
  std::string text = bytes.substr(kPrefix);
  text.resize(std::min(text.size(), text.find('\0')));
  return text;
}

Block with_user_comment(Block block, const std::string& text) {
  const auto opened = Structure::open(block);
  const auto first = opened ? opened->directory(opened->first_directory()) : std::nullopt;
  if (!first || first->entries.size() >= kMaxEntries) return new_block(text);
  const bool big_endian = opened->big_endian();
  const Block comment = encode_comment(text);
  const auto directory = opened->child(*first, kExifDirectory);
  if (directory && directory->entries.size() < kMaxEntries) {
    const Entry* pointer = first->find(kExifDirectory);
    if (first->next_at != 0 && directory->at >= first->next_at + 4) cut_own_tail(block, *opened, *directory);
    const std::size_t at = append_exif(block, directory->entries, comment, big_endian);
    put_u32(block, pointer->at + 8, static_cast<std::uint32_t>(at), big_endian);
    return block;
  }
  const std::uint32_t next = first->next_at == 0 ? 0 : opened->u32(first->next_at);
  const std::size_t at = append_exif(block, {version_entry()}, comment, big_endian);
  std::vector<Entry> entries = first->entries;
  set_entry(entries, long_entry(kExifDirectory, static_cast<std::uint32_t>(at), big_endian));
  put_u32(block, 4, static_cast<std::uint32_t>(append_directory(block, entries, next, big_endian)), big_endian);
  return block;
}

Block without_user_comment(Block block) {
  const auto structure = Structure::open(block);
  const auto first = structure ? structure->directory(structure->first_directory()) : std::nullopt;
  const auto directory = first ? structure->child(*first, kExifDirectory) : std::nullopt;
  const Entry* entry = directory ? directory->find(kUserComment) : nullptr;
  if (entry == nullptr) return block;
  // Blanking its bytes makes it an empty comment without a stated encoding, and moves no offset.
  const std::size_t size = structure->value_size(*entry);
  if (const auto at = structure->value_at(*entry)) {
    std::fill_n(block.begin() + static_cast<std::ptrdiff_t>(*at), size, std::uint8_t{0});
  }
  return block;
}

}  // namespace zimage::codecs::exif
