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
  std::string dtype;  ///< as in the header: "F32", "BF16", "F16", "F8_E4M3", …
  std::vector<std::int64_t> shape;
  std::size_t begin = 0;  ///< byte range within the whole file
  std::size_t end = 0;
};

struct SafetensorsHeader {
  std::map<std::string, SafetensorsEntry> tensors;
  std::map<std::string, std::string> metadata;  ///< `__metadata__`
};

/// Reads and validates the header of a whole file's bytes: length within the file and ≤ 100 MB, JSON without duplicate
/// keys, known dtypes, shapes whose size doesn't overflow and equals the byte range, ranges contiguous from 0 without
/// gaps or overlap, the last one ending exactly at the file's end.
/// Errors: kModel; `name` is the file in messages.
SafetensorsHeader parse_safetensors(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace zimage
