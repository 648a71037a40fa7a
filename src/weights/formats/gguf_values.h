// Reads the parts that a GGUF header is made of.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "weights/formats/gguf.h"

namespace zimage {

/// Reads numbers and strings in order, and none beyond the file's end. Errors: kModel, naming the file.
class GGUFReader {
 public:
  GGUFReader(std::span<const std::uint8_t> bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  /// Says what is read from here on: "the value of ", and a name from the file if there is one.
  void enter(const char* part, std::string_view of = {}) {
    part_ = part;
    of_ = of;
  }
  /// Refuses the file; the problem's subject is what is being read: `the value of "x"`.
  [[noreturn]] void refuse(const std::string& problem) const;

  /// Returns the next `count` bytes.
  std::span<const std::uint8_t> take(std::uint64_t count);
  template <class Number>
  Number number() {
    static_assert(std::endian::native == std::endian::little);
    Number value;
    std::memcpy(&value, take(sizeof(Number)).data(), sizeof(Number));
    return value;
  }
  /// Returns a count of items that take at least `least` bytes each, and so at most as many as the file can hold.
  std::uint64_t count(std::uint64_t least);
  std::string_view text();
  /// Returns a string that is a name: valid UTF-8, without NUL.
  std::string_view identifier();

  std::size_t position() const { return at_; }
  std::size_t remaining() const { return bytes_.size() - at_; }

 private:
  std::string place() const;
  [[noreturn]] void refuse_end() const;

  std::span<const std::uint8_t> bytes_;
  const std::string& name_;
  std::size_t at_ = 0;
  const char* part_ = "its header";
  std::string_view of_;
};

/// Reads the key-values. Errors: kModel.
void read_gguf_values(GGUFReader& reader, std::uint64_t count, GGUFHeader& header);

}  // namespace zimage
