#include "weights/formats/safetensors.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string_view>

#include "base/regular_file.h"
#include "base/text.h"
#include "weights/formats/gguf.h"
#include "weights/formats/safetensors_json.h"
#include "zimage/error.h"

namespace zimage {
namespace {

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeader = 100'000'000;

struct DtypeBits {
  std::string_view name;
  std::uint64_t bits;
};

/// All dtypes of the format (safetensors 0.8).
constexpr std::array<DtypeBits, 22> kDtypes{{
    {"BOOL", 8},    {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6},     {"U8", 8},          {"I8", 8},
    {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},
    {"U16", 16},    {"F16", 16},    {"BF16", 16},   {"I32", 32},        {"U32", 32},        {"F32", 32},
    {"F64", 64},    {"I64", 64},    {"U64", 64},    {"C64", 64},
}};

std::optional<std::uint64_t> multiply(std::uint64_t a, std::uint64_t b) {
  if (a != 0 && b > std::numeric_limits<std::uint64_t>::max() / a) return std::nullopt;
  return a * b;
}

/// Returns how many bytes a tensor of this dtype and shape takes; empty, with the reason in `problem`, if it can't say.
std::optional<std::uint64_t> size_of(const SafetensorsEntry& entry, std::string& problem) {
  const auto* dtype =
      std::find_if(kDtypes.begin(), kDtypes.end(), [&](const DtypeBits& d) { return d.name == entry.dtype; });
  if (dtype == kDtypes.end()) {
    problem = "has the unknown dtype " + in_quotes(entry.dtype);
    return std::nullopt;
  }
  // Count the elements first, as other readers do: [2^40, 2^40, 0] is an overflow, not an empty tensor.
  std::optional<std::uint64_t> count = 1;
  for (const std::int64_t side : entry.shape) {
    if (count) count = multiply(*count, static_cast<std::uint64_t>(side));
  }
  const std::optional<std::uint64_t> total = count ? multiply(*count, dtype->bits) : std::nullopt;
  if (!total) {
    problem = "has a shape whose size overflows";
    return std::nullopt;
  }
  if (*total % 8 != 0) {
    problem = "doesn't fill whole bytes";
    return std::nullopt;
  }
  return *total / 8;
}

[[noreturn]] void refuse(const std::string& name, const std::string& problem) {
  throw Error(ErrorCode::kModel, name + " is damaged: " + problem, "get the file again");
}

/// Recognises, by its first bytes, a file that people download by mistake; empty if it is none of those. Used only when
/// these bytes can't be a header's length, because a header of 640 bytes begins like a pickle.
std::string known_stranger(std::string_view start) {
  if (start.starts_with("GGUF")) return "is a GGUF file";
  if (start.starts_with("version https://git-lfs")) return "is a Git LFS pointer, not the weights themselves";
  if (start.starts_with("PK\x03\x04") || start.starts_with("\x80\x02")) return "is a PyTorch pickle";
  if (start.starts_with("<!") || start.starts_with("<html")) return "is a web page, not the weights themselves";
  return {};
}

void check_ranges(const SafetensorsHeader& header, std::uint64_t data_size, const std::string& name) {
  std::vector<const std::pair<const std::string, SafetensorsEntry>*> order;
  order.reserve(header.tensors.size());
  for (const auto& item : header.tensors) order.push_back(&item);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return std::pair(a->second.begin, a->second.end) < std::pair(b->second.begin, b->second.end);
  });
  std::uint64_t position = 0;
  for (const auto* item : order) {
    const SafetensorsEntry& entry = item->second;
    const std::string tensor = "tensor " + in_quotes(item->first) + " ";
    if (entry.begin != position || entry.end < entry.begin) {
      refuse(name, tensor + "has bytes " + std::to_string(entry.begin) + " to " + std::to_string(entry.end) +
                       ", but bytes from " + std::to_string(position) + " on were expected");
    }
    std::string problem;
    const std::optional<std::uint64_t> size = size_of(entry, problem);
    if (!size) refuse(name, tensor + problem);
    if (*size != entry.end - entry.begin) {
      refuse(name, tensor + "takes " + std::to_string(*size) + " bytes by its dtype and shape, but has " +
                       std::to_string(entry.end - entry.begin));
    }
    position = entry.end;
  }
  if (position > data_size) {
    throw Error(ErrorCode::kModel,
                name + " is truncated: " + std::to_string(position - data_size) + " bytes are missing",
                "get the file again");
  }
  if (position < data_size) {
    refuse(name, std::to_string(data_size - position) + " bytes after the last tensor belong to no tensor");
  }
}

}  // namespace

SafetensorsHeader parse_safetensors(std::span<const std::uint8_t> bytes, const std::string& name) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (bytes.size() < kLengthBytes) refuse(name, "it is shorter than a safetensors header");
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) length |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
  if (length > kMaxHeader) {
    const std::string stranger = known_stranger(text);
    throw Error(
        ErrorCode::kModel,
        name + (stranger.empty()
                    ? " is neither a safetensors nor a GGUF file (its first 8 bytes give no possible header length)"
                    : " " + stranger),
        concat(
            {"a .safetensors ", is_gguf(bytes) ? "" : "or .gguf ", "file is needed: see README, \"Get the model\""}));
  }
  if (length > bytes.size() - kLengthBytes) refuse(name, "it ends within its header");

  SafetensorsHeader header;
  try {
    header = parse_safetensors_json(text.substr(kLengthBytes, length));
  } catch (const Error& error) {
    refuse(name, error.message());
  }
  const std::uint64_t data_begin = kLengthBytes + length;
  check_ranges(header, bytes.size() - data_begin, name);
  for (auto& [tensor, entry] : header.tensors) {
    entry.begin += data_begin;
    entry.end += data_begin;
  }
  return header;
}

}  // namespace zimage
