#include "codecs/metadata/exif_directory.h"

#include <algorithm>

namespace zimage::codecs::exif {
namespace {

constexpr std::size_t kEntrySize = 12;
constexpr std::uint16_t kShort = 3, kLong = 4, kIfd = 13;

}  // namespace

std::size_t type_size(std::uint16_t type) {
  constexpr std::size_t kSizes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4};
  return type < std::size(kSizes) ? kSizes[type] : 0;
}

const Entry* Directory::find(std::uint16_t tag) const {
  const auto place = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.tag == tag; });
  return place == entries.end() ? nullptr : &*place;
}

std::optional<Structure> Structure::open(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < 8) return std::nullopt;
  const bool little = bytes[0] == 'I' && bytes[1] == 'I';
  const bool big = bytes[0] == 'M' && bytes[1] == 'M';
  if (!little && !big) return std::nullopt;
  Structure structure;
  structure.bytes_ = bytes;
  structure.big_endian_ = big;
  if (structure.u16(2) != 42) return std::nullopt;
  return structure;
}

std::uint16_t Structure::u16(std::size_t at) const {
  if (at > bytes_.size() || bytes_.size() - at < 2) return 0;
  const unsigned a = bytes_[at];
  const unsigned b = bytes_[at + 1];
  return static_cast<std::uint16_t>(big_endian_ ? a << 8 | b : b << 8 | a);
}

std::uint32_t Structure::u32(std::size_t at) const {
  if (at > bytes_.size() || bytes_.size() - at < 4) return 0;
  const std::uint32_t a = u16(at);
  const std::uint32_t b = u16(at + 2);
  return big_endian_ ? a << 16 | b : b << 16 | a;
}

std::optional<Directory> Structure::directory(std::size_t at) const {
  if (at < 8 || at > bytes_.size() || bytes_.size() - at < 2) return std::nullopt;
  const std::size_t count = u16(at);
  if (count == 0 || (bytes_.size() - at - 2) / kEntrySize < count) return std::nullopt;
  Directory out;
  out.at = at;
  for (std::size_t i = 0; i < count; ++i) {
    Entry entry;
    entry.at = at + 2 + i * kEntrySize;
    entry.tag = u16(entry.at);
    entry.type = u16(entry.at + 2);
    entry.count = u32(entry.at + 4);
    std::copy_n(bytes_.data() + entry.at + 8, 4, entry.value.begin());
    out.entries.push_back(entry);
  }
  const std::size_t end = at + 2 + count * kEntrySize;
  if (bytes_.size() - end >= 4) out.next_at = end;
  return out;
}

std::optional<Directory> Structure::child(const Directory& parent, std::uint16_t tag) const {
  const Entry* pointer = parent.find(tag);
  if (pointer == nullptr) return std::nullopt;
  const auto at = number(*pointer);
  return at ? directory(*at) : std::nullopt;
}

std::optional<std::uint32_t> Structure::number(const Entry& entry) const {
  if (entry.count != 1) return std::nullopt;
  if (entry.type == kShort) return u16(entry.at + 8);
  if (entry.type == kLong || entry.type == kIfd) return u32(entry.at + 8);
  return std::nullopt;
}

std::size_t Structure::value_size(const Entry& entry) const {
  const std::size_t one = type_size(entry.type);
  return one == 0 || entry.count > bytes_.size() / one ? 0 : one * entry.count;
}

std::optional<std::size_t> Structure::value_at(const Entry& entry) const {
  const std::size_t size = value_size(entry);
  if (size == 0) return std::nullopt;
  if (size <= 4) return entry.at + 8;
  const std::size_t at = u32(entry.at + 8);
  if (at > bytes_.size() || bytes_.size() - at < size) return std::nullopt;
  return at;
}

void put_u16(std::vector<std::uint8_t>& bytes, std::size_t at, std::uint16_t value, bool big_endian) {
  const auto low = static_cast<std::uint8_t>(value & 0xff);
  const auto high = static_cast<std::uint8_t>(value >> 8);
  bytes.at(at) = big_endian ? high : low;
  bytes.at(at + 1) = big_endian ? low : high;
}

void put_u32(std::vector<std::uint8_t>& bytes, std::size_t at, std::uint32_t value, bool big_endian) {
  const auto low = static_cast<std::uint16_t>(value & 0xffff);
  const auto high = static_cast<std::uint16_t>(value >> 16);
  put_u16(bytes, at, big_endian ? high : low, big_endian);
  put_u16(bytes, at + 2, big_endian ? low : high, big_endian);
}

Entry long_entry(std::uint16_t tag, std::uint32_t value, bool big_endian) {
  std::vector<std::uint8_t> bytes(4);
  put_u32(bytes, 0, value, big_endian);
  Entry entry;
  entry.tag = tag;
  entry.type = kLong;
  entry.count = 1;
  std::copy(bytes.begin(), bytes.end(), entry.value.begin());
  return entry;
}

void set_entry(std::vector<Entry>& entries, const Entry& entry) {
  const auto same = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.tag == entry.tag; });
  if (same != entries.end()) {
    *same = entry;
    return;
  }
  const auto after = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.tag > entry.tag; });
  entries.insert(after, entry);
}

std::size_t append_directory(std::vector<std::uint8_t>& bytes, const std::vector<Entry>& entries, std::uint32_t next,
                             bool big_endian) {
  if (bytes.size() % 2 != 0) bytes.push_back(0);
  const std::size_t at = bytes.size();
  bytes.resize(at + 2 + entries.size() * kEntrySize + 4);
  put_u16(bytes, at, static_cast<std::uint16_t>(entries.size()), big_endian);
  std::size_t place = at + 2;
  for (const Entry& entry : entries) {
    put_u16(bytes, place, entry.tag, big_endian);
    put_u16(bytes, place + 2, entry.type, big_endian);
    put_u32(bytes, place + 4, entry.count, big_endian);
    std::copy(entry.value.begin(), entry.value.end(), bytes.begin() + static_cast<std::ptrdiff_t>(place + 8));
    place += kEntrySize;
  }
  put_u32(bytes, place, next, big_endian);
  return at;
}

std::vector<std::uint8_t> begin_structure(bool big_endian) {
  return big_endian ? std::vector<std::uint8_t>{'M', 'M', 0, 42, 0, 0, 0, 0}
                    : std::vector<std::uint8_t>{'I', 'I', 42, 0, 0, 0, 0, 0};
}

void end_structure(std::vector<std::uint8_t>& bytes, const std::vector<Entry>& entries, bool big_endian) {
  const std::size_t at = append_directory(bytes, entries, 0, big_endian);
  put_u32(bytes, 4, static_cast<std::uint32_t>(at), big_endian);
}

}  // namespace zimage::codecs::exif
