#include "weights/formats/gguf_values.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/text.h"
#include "zimage/error.h"

namespace zimage {
namespace {

constexpr int kMaxNesting = 16;
constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kArrayHead = 12;  ///< the type and the count before an array's items

/// The numbers of the format's value types.
enum Type : std::uint32_t { kU8, kI8, kU16, kI16, kU32, kI32, kF32, kBool, kString, kArray, kU64, kI64, kF64 };

/// The bytes that a value takes at least.
constexpr std::array<std::uint64_t, 13> kLeastBytes{1, 1, 2, 2, 4, 4, 4, 1, kLengthBytes, kArrayHead, 8, 8, 8};

std::uint32_t read_type(GGUFReader& reader) {
  const auto type = reader.number<std::uint32_t>();
  if (type >= kLeastBytes.size()) reader.refuse(concat({"has the unknown type ", std::to_string(type)}));
  return type;
}

void skip_array(GGUFReader& reader, int depth) {
  if (depth > kMaxNesting) reader.refuse(concat({"nests arrays more than ", std::to_string(kMaxNesting), " deep"}));
  const std::uint32_t type = read_type(reader);
  const std::uint64_t count = reader.count(kLeastBytes[type]);
  if (type != kArray && type != kString) {
    reader.take(count * kLeastBytes[type]);
    return;
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    if (type == kString) {
      reader.text();
    } else {
      skip_array(reader, depth + 1);
    }
  }
}

template <class Item, class Kept>
std::vector<Kept> read_numbers(GGUFReader& reader, std::uint64_t count) {
  std::vector<Kept> items;
  items.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) items.push_back(static_cast<Kept>(reader.number<Item>()));
  return items;
}

/// Returns empty if a number has more than 63 bits.
std::optional<GGUFHeader::Value> read_unsigned(GGUFReader& reader, std::uint64_t count) {
  std::vector<std::int64_t> items = read_numbers<std::uint64_t, std::int64_t>(reader, count);
  if (std::any_of(items.begin(), items.end(), [](std::int64_t item) { return item < 0; })) return std::nullopt;
  return items;
}

/// Returns empty for an array that isn't kept.
std::optional<GGUFHeader::Value> read_array(GGUFReader& reader) {
  const std::uint32_t type = read_type(reader);
  const std::uint64_t count = reader.count(kLeastBytes[type]);
  switch (type) {
    case kString: {
      std::vector<std::string_view> items;
      items.reserve(count);
      for (std::uint64_t i = 0; i < count; ++i) items.push_back(reader.text());
      return items;
    }
    case kArray:
      for (std::uint64_t i = 0; i < count; ++i) skip_array(reader, 2);
      return std::nullopt;
    case kU32: return read_numbers<std::uint32_t, std::int64_t>(reader, count);
    case kI32: return read_numbers<std::int32_t, std::int64_t>(reader, count);
    case kI64: return read_numbers<std::int64_t, std::int64_t>(reader, count);
    case kU64: return read_unsigned(reader, count);
    case kF32: return read_numbers<float, double>(reader, count);
    case kF64: return read_numbers<double, double>(reader, count);
    default: reader.take(count * kLeastBytes[type]); return std::nullopt;
  }
}

std::optional<GGUFHeader::Value> read_value(GGUFReader& reader, std::uint32_t type) {
  switch (type) {
    case kU8: return std::uint64_t{reader.number<std::uint8_t>()};
    case kU16: return std::uint64_t{reader.number<std::uint16_t>()};
    case kU32: return std::uint64_t{reader.number<std::uint32_t>()};
    case kU64: return reader.number<std::uint64_t>();
    case kI8: return std::int64_t{reader.number<std::int8_t>()};
    case kI16: return std::int64_t{reader.number<std::int16_t>()};
    case kI32: return std::int64_t{reader.number<std::int32_t>()};
    case kI64: return reader.number<std::int64_t>();
    case kF32: return double{reader.number<float>()};
    case kF64: return reader.number<double>();
    case kString: return reader.text();
    case kArray: return read_array(reader);
    default: break;
  }
  const auto value = reader.number<std::uint8_t>();
  if (value > 1) reader.refuse(concat({"is a boolean, but has the value ", std::to_string(value)}));
  return value == 1;
}

}  // namespace

std::string GGUFReader::place() const { return of_.empty() ? part_ : concat({part_, in_quotes(of_)}); }

void GGUFReader::refuse(const std::string& problem) const {
  throw Error(ErrorCode::kModel, concat({name_, " is damaged: ", place(), " ", problem}), "get the file again");
}

void GGUFReader::refuse_end() const {
  throw Error(ErrorCode::kModel, concat({name_, " is damaged: it ends within ", place()}), "get the file again");
}

std::span<const std::uint8_t> GGUFReader::take(std::uint64_t count) {
  if (count > remaining()) refuse_end();
  const auto bytes = bytes_.subspan(at_, static_cast<std::size_t>(count));
  at_ += bytes.size();
  return bytes;
}

std::uint64_t GGUFReader::count(std::uint64_t least) {
  const auto count = number<std::uint64_t>();
  if (count > remaining() / least) refuse_end();
  return count;
}

std::string_view GGUFReader::text() {
  const auto bytes = take(count(1));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string_view GGUFReader::identifier() {
  const std::string_view name = text();
  if (!is_plain_utf8(name)) refuse(concat({"has ", in_quotes(name), ", which is not a name in UTF-8"}));
  return name;
}

void read_gguf_values(GGUFReader& reader, std::uint64_t count, GGUFHeader& header) {
  std::set<std::string_view> keys;
  for (std::uint64_t i = 0; i < count; ++i) {
    reader.enter("its list of key-values");
    const std::string_view key = reader.identifier();
    if (!keys.insert(key).second) reader.refuse(concat({"has ", in_quotes(key), " twice"}));
    reader.enter("the value of ", key);
    if (auto value = read_value(reader, read_type(reader))) {
      header.values.emplace(std::string(key), *std::move(value));
    }
  }
}

}  // namespace zimage
