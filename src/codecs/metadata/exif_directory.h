// Reads and writes TIFF directories (IFDs) within a block of bytes, and checks every offset.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace zimage::codecs::exif {

/// Returns the bytes of one value by type (TIFF 6.0, section 2, and IFD of the supplements); 0 for an unknown type, and
/// for the numbers of 8 bytes that BigTIFF adds.
std::size_t type_size(std::uint16_t type);

/// A directory entry. It keeps the original 12 bytes, so that writing it again changes nothing.
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

/// A view of the bytes of a TIFF structure, with its byte order.
class Structure {
 public:
  /// Opens a structure; empty if the bytes don't begin like a (classic) TIFF structure.
  static std::optional<Structure> open(std::span<const std::uint8_t> bytes);

  bool big_endian() const { return big_endian_; }
  std::size_t first_directory() const { return u32(4); }
  /// Reads the directory at an offset; empty if it doesn't lie wholly in the block.
  std::optional<Directory> directory(std::size_t at) const;
  /// Returns the directory that a tag of `parent` points to.
  std::optional<Directory> child(const Directory& parent, std::uint16_t tag) const;
  /// Returns the value of an entry with a single SHORT or LONG; empty for others.
  std::optional<std::uint32_t> number(const Entry& entry) const;
  /// Returns the size of all the entry's values in bytes; 0 for an unknown type, or if they are larger than the block.
  std::size_t value_size(const Entry& entry) const;
  /// Returns where the values are: in the entry itself, or at its offset. Empty if that isn't in the block.
  std::optional<std::size_t> value_at(const Entry& entry) const;

  /// Returns the number at an offset; 0 beyond the end.
  std::uint16_t u16(std::size_t at) const;
  std::uint32_t u32(std::size_t at) const;

 private:
  std::span<const std::uint8_t> bytes_;
  bool big_endian_ = false;
};

void put_u16(std::vector<std::uint8_t>& bytes, std::size_t at, std::uint16_t value, bool big_endian);
void put_u32(std::vector<std::uint8_t>& bytes, std::size_t at, std::uint32_t value, bool big_endian);

/// Returns an entry with one LONG value.
Entry long_entry(std::uint16_t tag, std::uint32_t value, bool big_endian);
/// Replaces or adds an entry, in the order of tags.
void set_entry(std::vector<Entry>& entries, const Entry& entry);
/// Appends a directory to the block, at an even offset, which it returns. `next` is the offset of the next directory.
std::size_t append_directory(std::vector<std::uint8_t>& bytes, const std::vector<Entry>& entries, std::uint32_t next,
                             bool big_endian);

/// Returns a structure without a directory; what values need is appended to it.
std::vector<std::uint8_t> begin_structure(bool big_endian);
/// Appends its only directory.
void end_structure(std::vector<std::uint8_t>& bytes, const std::vector<Entry>& entries, bool big_endian);

}  // namespace zimage::codecs::exif
