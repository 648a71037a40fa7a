#include "weights/formats/gguf.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/text.h"
#include "weights/formats/gguf_values.h"
#include "zimage/error.h"

namespace zimage {
namespace {

constexpr std::string_view kMagic = "GGUF";
constexpr std::uint64_t kDefaultAlignment = 32;
/// No model has so many tensors or key-values. Without limits a hostile header could take ten times its own size.
constexpr std::uint64_t kMaxItems = 100'000;
constexpr std::uint32_t kMaxRank = 64;
/// The bytes that a key-value and a tensor's description take at least.
constexpr std::uint64_t kLeastValue = 8 + 4 + 1;
constexpr std::uint64_t kLeastTensor = 8 + 4 + 4 + 8;

struct TypeInfo {
  std::uint32_t type;
  const char* name;
  std::uint64_t block_values;
  std::uint64_t block_bytes;
};

/// All types that ggml has, and those for ARM that it had once. Source: ggml, ggml.h and the table in ggml.c.
constexpr std::array<TypeInfo, 37> kTypes{{
    {0, "F32", 1, 4},         {1, "F16", 1, 2},         {2, "Q4_0", 32, 18},      {3, "Q4_1", 32, 20},
    {6, "Q5_0", 32, 22},      {7, "Q5_1", 32, 24},      {8, "Q8_0", 32, 34},      {9, "Q8_1", 32, 36},
    {10, "Q2_K", 256, 84},    {11, "Q3_K", 256, 110},   {12, "Q4_K", 256, 144},   {13, "Q5_K", 256, 176},
    {14, "Q6_K", 256, 210},   {15, "Q8_K", 256, 292},   {16, "IQ2_XXS", 256, 66}, {17, "IQ2_XS", 256, 74},
    {18, "IQ3_XXS", 256, 98}, {19, "IQ1_S", 256, 50},   {20, "IQ4_NL", 32, 18},   {21, "IQ3_S", 256, 110},
    {22, "IQ2_S", 256, 82},   {23, "IQ4_XS", 256, 136}, {24, "I8", 1, 1},         {25, "I16", 1, 2},
    {26, "I32", 1, 4},        {27, "I64", 1, 8},        {28, "F64", 1, 8},        {29, "IQ1_M", 256, 56},
    {30, "BF16", 1, 2},       {31, "Q4_0_4_4", 32, 18}, {32, "Q4_0_4_8", 32, 18}, {33, "Q4_0_8_8", 32, 18},
    {34, "TQ1_0", 256, 54},   {35, "TQ2_0", 256, 66},   {39, "MXFP4", 32, 17},    {40, "NVFP4", 64, 36},
    {41, "Q1_0", 128, 18},
}};

const TypeInfo* find_type(std::uint32_t type) {
  const auto* found = std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeInfo& t) { return t.type == type; });
  return found == kTypes.end() ? nullptr : found;
}

/// Returns the product of the shape's sides, or empty if it overflows. Zeros come last, as other readers do it:
/// [2^40, 2^40, 0] is an overflow, not an empty tensor.
std::optional<std::uint64_t> product(const std::vector<std::int64_t>& shape) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t count = 1;
  bool empty = false;
  for (const std::int64_t side : shape) {
    if (side == 0) {
      empty = true;
    } else if (static_cast<std::uint64_t>(side) > kMost / count) {
      return std::nullopt;
    } else {
      count *= static_cast<std::uint64_t>(side);
    }
  }
  return empty ? 0 : count;
}

/// Returns the bytes of a tensor; 0 if its type is unknown or its rows don't fill whole blocks.
std::uint64_t size_of(const GGUFTensor& tensor, const GGUFReader& reader) {
  const std::optional<std::uint64_t> count = product(tensor.shape);
  const TypeInfo* type = find_type(tensor.type);
  if (count && type == nullptr) return 0;
  if (!count || *count / type->block_values > std::numeric_limits<std::int64_t>::max() / type->block_bytes) {
    reader.refuse("has a shape whose size overflows");
  }
  const auto row = static_cast<std::uint64_t>(tensor.shape.empty() ? 1 : tensor.shape.back());
  return row % type->block_values == 0 ? *count / type->block_values * type->block_bytes : 0;
}

/// Reads one description. `begin` and `end` are relative to the tensors' bytes for now.
GGUFTensor read_tensor(GGUFReader& reader) {
  GGUFTensor tensor;
  const auto rank = reader.number<std::uint32_t>();
  if (rank > kMaxRank) reader.refuse(concat({"has ", std::to_string(rank), " dimensions"}));
  tensor.shape.resize(rank);
  for (auto side = tensor.shape.rbegin(); side != tensor.shape.rend(); ++side) {
    const auto value = reader.number<std::uint64_t>();
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      reader.refuse("has a side beyond 63 bits");
    }
    *side = static_cast<std::int64_t>(value);
  }
  tensor.type = reader.number<std::uint32_t>();
  const TypeInfo* type = find_type(tensor.type);
  tensor.type_name = type != nullptr ? type->name : concat({"type ", std::to_string(tensor.type)});
  const std::uint64_t size = size_of(tensor, reader);
  tensor.begin = reader.number<std::uint64_t>();
  if (tensor.begin > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) - size) {
    reader.refuse("lies beyond 63 bits");
  }
  tensor.end = tensor.begin + size;
  return tensor;
}

void read_tensors(GGUFReader& reader, std::uint64_t count, GGUFHeader& header) {
  for (std::uint64_t i = 0; i < count; ++i) {
    reader.enter("its list of tensors");
    const std::string_view name = reader.identifier();
    if (header.tensors.contains(std::string(name))) reader.refuse(concat({"has ", in_quotes(name), " twice"}));
    reader.enter("tensor ", name);
    header.tensors.emplace(std::string(name), read_tensor(reader));
  }
}

std::uint64_t read_alignment(const GGUFHeader& header, GGUFReader& reader) {
  const auto found = header.values.find("general.alignment");
  if (found == header.values.end()) return kDefaultAlignment;
  const auto* value = std::get_if<std::uint64_t>(&found->second);
  const bool power_of_two = value != nullptr && *value != 0 && (*value & (*value - 1)) == 0;
  if (!power_of_two || *value > std::numeric_limits<std::uint32_t>::max()) {
    reader.enter("the value of ", found->first);
    reader.refuse("is not a power of two of 32 bits");
  }
  return *value;
}

/// Moves the tensors' ranges to where the bytes begin, and checks them.
void place_tensors(GGUFHeader& header, std::uint64_t data_begin, std::uint64_t alignment, std::uint64_t file_size,
                   GGUFReader& reader, const std::string& name) {
  std::vector<std::pair<const std::string, GGUFTensor>*> order;
  order.reserve(header.tensors.size());
  for (auto& item : header.tensors) order.push_back(&item);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return std::pair(a->second.begin, a->second.end) < std::pair(b->second.begin, b->second.end);
  });
  std::uint64_t position = data_begin;
  for (auto* item : order) {
    GGUFTensor& tensor = item->second;
    reader.enter("tensor ", item->first);
    if (tensor.begin % alignment != 0) {
      reader.refuse(concat(
          {"begins at byte ", std::to_string(tensor.begin), ", which is no multiple of ", std::to_string(alignment)}));
    }
    tensor.begin += data_begin;
    tensor.end += data_begin;
    if (tensor.begin < position) reader.refuse("overlaps another tensor");
    position = tensor.end;
  }
  if (position > file_size && !order.empty()) {
    throw Error(ErrorCode::kModel,
                concat({name, " is truncated: ", std::to_string(position - file_size), " bytes are missing"}),
                "get the file again");
  }
}

void restore_shapes(GGUFHeader& header) {
  for (auto& [name, tensor] : header.tensors) {
    const std::vector<std::int64_t>* shape = header.integers(concat({"comfy.gguf.orig_shape.", name}));
    if (shape == nullptr) continue;
    const bool sides = std::all_of(shape->begin(), shape->end(), [](std::int64_t side) { return side >= 0; });
    if (sides && shape->size() <= kMaxRank && product(*shape) == product(tensor.shape)) tensor.shape = *shape;
  }
}

void check_version(std::uint32_t version, const std::string& name) {
  if (version == 2 || version == 3) return;
  if (version != 0 && (version & 0xFFFFU) == 0) {
    throw Error(ErrorCode::kModel, concat({name, " is a big-endian GGUF file, which is not supported"}),
                "get the usual, little-endian file");
  }
  throw Error(ErrorCode::kModel,
              concat({name, " has version ", std::to_string(version), " of GGUF; versions 2 and 3 are supported"}),
              "get a file of version 3");
}

std::uint64_t read_count(GGUFReader& reader, const char* of) {
  const auto count = reader.number<std::uint64_t>();
  if (count > kMaxItems) {
    reader.refuse(concat({"claims ", std::to_string(count), " ", of, ", more than ", std::to_string(kMaxItems)}));
  }
  return count;
}

template <class Kind>
const Kind* find_value(const GGUFHeader& header, const std::string& key) {
  const auto found = header.values.find(key);
  return found == header.values.end() ? nullptr : std::get_if<Kind>(&found->second);
}

}  // namespace

std::optional<std::string> GGUFHeader::text(const std::string& key) const {
  const auto* value = find_value<std::string_view>(*this, key);
  if (value == nullptr) return std::nullopt;
  return std::string(*value);
}

std::optional<double> GGUFHeader::number(const std::string& key) const {
  if (const auto* value = find_value<std::uint64_t>(*this, key)) return static_cast<double>(*value);
  if (const auto* value = find_value<std::int64_t>(*this, key)) return static_cast<double>(*value);
  if (const auto* value = find_value<double>(*this, key)) return *value;
  return std::nullopt;
}

const std::vector<std::string_view>* GGUFHeader::texts(const std::string& key) const {
  return find_value<std::vector<std::string_view>>(*this, key);
}

const std::vector<std::int64_t>* GGUFHeader::integers(const std::string& key) const {
  return find_value<std::vector<std::int64_t>>(*this, key);
}

bool is_gguf(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= kMagic.size() && std::equal(kMagic.begin(), kMagic.end(), bytes.begin());
}

GGUFHeader parse_gguf(std::span<const std::uint8_t> bytes, const std::string& name) {
  if (!is_gguf(bytes)) throw Error(ErrorCode::kModel, concat({name, " is not a GGUF file"}), "get the file again");
  GGUFReader reader(bytes, name);
  reader.take(kMagic.size());
  check_version(reader.number<std::uint32_t>(), name);
  const std::uint64_t tensors = read_count(reader, "tensors");
  const std::uint64_t values = read_count(reader, "key-values");
  if (tensors * kLeastTensor + values * kLeastValue > reader.remaining()) {
    reader.refuse("claims more tensors and key-values than the file can hold");
  }
  GGUFHeader header;
  read_gguf_values(reader, values, header);
  read_tensors(reader, tensors, header);
  const std::uint64_t alignment = read_alignment(header, reader);
  const std::uint64_t data_begin = (reader.position() + alignment - 1) / alignment * alignment;
  place_tensors(header, data_begin, alignment, bytes.size(), reader, name);
  restore_shapes(header);
  return header;
}

}  // namespace zimage
