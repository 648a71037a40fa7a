// Builds GGUF files, sound and damaged, for tests.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "support/files.h"

namespace zimage::test {

/// Appends what a GGUF header is made of.
class GGUFBytes {
 public:
  template <class Number>
  GGUFBytes& number(Number value) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof(Number));
    std::memcpy(bytes_.data() + at, &value, sizeof(Number));
    return *this;
  }
  GGUFBytes& u32(std::uint32_t value) { return number(value); }
  GGUFBytes& u64(std::uint64_t value) { return number(value); }
  GGUFBytes& text(const std::string& value) { return u64(value.size()).raw(bytes_of(value)); }
  GGUFBytes& raw(const Bytes& bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  /// The key and the type of a value, whose bytes come next.
  GGUFBytes& key(const std::string& name, std::uint32_t type) { return text(name).u32(type); }
  /// A tensor's description; `sides` are as in the file, the row's length first.
  GGUFBytes& tensor(const std::string& name, const std::vector<std::uint64_t>& sides, std::uint32_t type,
                    std::uint64_t offset) {
    text(name).u32(static_cast<std::uint32_t>(sides.size()));
    for (const auto side : sides) u64(side);
    return u32(type).u64(offset);
  }
  /// Zeros up to a multiple of `alignment`, where the tensors begin.
  GGUFBytes& pad(std::size_t alignment = 32) {
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment);
    return *this;
  }
  GGUFBytes& zeros(std::size_t count) {
    bytes_.resize(bytes_.size() + count);
    return *this;
  }
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

/// The start of a file: magic, version and counts.
inline GGUFBytes gguf_start(std::uint64_t tensors, std::uint64_t values, std::uint32_t version = 3) {
  GGUFBytes out;
  out.raw(bytes_of("GGUF")).u32(version).u64(tensors).u64(values);
  return out;
}

}  // namespace zimage::test
