// The GGUF container: key-values, tensor descriptions, then tensor bytes.
// Source: the format page of the ggml project (docs/gguf.md), versions 2 and 3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace zimage {

struct GGUFTensor {
  std::uint32_t type = 0;           ///< ggml's number of the type
  std::string type_name;            ///< "Q4_K"; "type 99" if it is unknown
  std::vector<std::int64_t> shape;  ///< rows first, as everywhere in this project; the file has it the other way round
  std::size_t begin = 0;            ///< its bytes are [begin, end) of the whole file
  std::size_t end = 0;              ///< equal to begin if the type is unknown, or if its rows don't fill whole blocks
};

class GGUFHeader {
 public:
  /// Strings point into the bytes that were parsed.
  using Value = std::variant<std::uint64_t, std::int64_t, double, bool, std::string_view, std::vector<std::string_view>,
                             std::vector<std::int64_t>, std::vector<double>>;

  std::map<std::string, GGUFTensor> tensors;
  /// Arrays of arrays, of booleans and of numbers of 8 or 16 bits are left out: nobody asks for them, and in memory
  /// they would take many times their size in the file.
  std::map<std::string, Value> values;

  /// Each returns empty if there is no such key, or if its value has another type.
  std::optional<std::string> text(const std::string& key) const;
  std::optional<double> number(const std::string& key) const;  ///< of any numeric type
  const std::vector<std::string_view>* texts(const std::string& key) const;
  const std::vector<std::int64_t>* integers(const std::string& key) const;  ///< of 32 or 64 bits, signed or not
};

/// Reads and validates the header, given the bytes of the whole file: counts and lengths must be within it, names
/// unique, shapes must not overflow, and tensors must lie within the file, aligned, without overlap. A key
/// `comfy.gguf.orig_shape.NAME` gives the tensor's shape where the file's own was changed to make blocks fit; one that
/// has another number of values is ignored. Errors: kModel; `name` is the file's name in messages.
GGUFHeader parse_gguf(std::span<const std::uint8_t> bytes, const std::string& name);

/// Returns whether a file that starts with these bytes is a GGUF file, however damaged.
bool is_gguf(std::span<const std::uint8_t> bytes);

}  // namespace zimage
