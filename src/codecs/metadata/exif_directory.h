// TIFF directories (IFDs) within a block of bytes, read and written with every offset checked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace zimage::codecs::exif {

/// One directory entry: its 12 bytes as they are, so that writing it again changes nothing.
struct Entry {
  std::uint16_t tag = 0;
  std::uint16_t type = 0;
  std::uint32_t count = 0;
  std::array<std::uint8_t, 4> value{};  ///< the value if it fits in 4 bytes, else its offset
  std::size_t at = 0;                   ///< where the entry lies in the block
};

struct Directory {
  std::size_t at = 0;
  std::vector<Entry> entries;
  std::size_t next_at = 0;  ///< where the offset of the next directory lies; 0: the block ends before it

  const Entry* find(std::uint16_t tag) const;
};

/// Bytes of one TIFF structure and its byte order.
class Structure {
 public:
  /// Empty if the bytes don't begin as a (classic) TIFF structure.
  static std::optional<Structure> open(std::span<const std::uint8_t> bytes);

  bool big_endian() const { return big_endian_; }
  std::size_t first_directory() const { return u32(4); }
  /// Empty if it doesn't lie in the block whole.
  std::optional<Directory> directory(std::size_t at) const;
  /// The directory that a tag of `parent` points to.
  std::optional<Directory> child(const Directory& parent, std::uint16_t tag) const;
  /// The first value of a SHORT or LONG entry.
  std::optional<std::uint32_t> number(const Entry& entry) const;
  /// Bytes of all the entry's values; 0 for an unknown type, or beyond the block's size.
  std::size_t value_size(const Entry& entry) const;
  /// Where the values lie: in the entry itself, or where its offset says. Empty if that isn't in the block.
  std::optional<std::size_t> value_at(const Entry& entry) const;

  /// Reading beyond the end gives 0.
  std::uint16_t u16(std::size_t at) const;
  std::uint32_t u32(std::size_t at) const;

 private:
  std::span<const std::uint8_t> bytes_;
  bool big_endian_ = false;
};

void put_u16(std::vector<std::uint8_t>& bytes, std::size_t at, std::uint16_t value, bool big_endian);
void put_u32(std::vector<std::uint8_t>& bytes, std::size_t at, std::uint32_t value, bool big_endian);

/// An entry of one LONG.
Entry long_entry(std::uint16_t tag, std::uint32_t value, bool big_endian);
/// Replaces or adds, in the order of tags.
void set_entry(std::vector<Entry>& entries, const Entry& entry);
/// Puts a directory at the end of the block (even) and returns where. `next` is the next one's offset.
std::size_t append_directory(std::vector<std::uint8_t>& bytes, const std::vector<Entry>& entries, std::uint32_t next,
                             bool big_endian);

}  // namespace zimage::codecs::exif
