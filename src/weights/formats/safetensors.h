// The safetensors container: 8-byte header length, JSON header, tensor bytes.
// Source: the format page of the safetensors project.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace zimage {

struct SafetensorsEntry {
  std::string dtype;  ///< as the header spells it: "F32", "BF16", "F16", "F8_E4M3", …
  std::vector<std::int64_t> shape;
  std::size_t begin = 0;  ///< its bytes are [begin, end) of the whole file
  std::size_t end = 0;
};

struct SafetensorsHeader {
  std::map<std::string, SafetensorsEntry> tensors;
  std::map<std::string, std::string> metadata;  ///< `__metadata__`
};

/// Reads and validates the header, given the bytes of the whole file. Its length must be within the file and ≤ 100 MB,
/// its JSON without duplicate keys, dtypes known, and each shape's size must not overflow and equal its byte range; the
/// ranges must follow each other from 0 to exactly the file's end without gaps or overlap.
/// Errors: kModel; `name` is the file's name in messages.
SafetensorsHeader parse_safetensors(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace zimage
