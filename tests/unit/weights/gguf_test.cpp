// scripts/make_gguf_fixtures.py makes tests/fixtures/gguf with the package `gguf`.
#include "weights/formats/gguf.h"

#include <limits>
#include <random>

#include "gguf_samples.h"
#include "support/catch.h"
#include "zimage/error.h"

using namespace zimage;
using namespace zimage::test;

namespace {

enum : std::uint32_t { kU8, kI8, kU16, kI16, kU32, kI32, kF32, kBool, kString, kArray, kU64, kI64, kF64 };

const std::filesystem::path kFolder = std::filesystem::path(ZIMAGE_SOURCE_DIR) / "tests/fixtures/gguf";

using Shape = std::vector<std::int64_t>;

std::optional<Error> parse_error_of(const Bytes& file) {
  return error_of([&] { parse_gguf(file, "file.gguf"); });
}

std::string problem_of(const GGUFBytes& file) {
  const auto error = parse_error_of(file.bytes());
  if (!error) return "";
  CHECK(error->code() == ErrorCode::kModel);
  CHECK(error->message().rfind("file.gguf", 0) == 0);
  CHECK(error->message().find('\n') == std::string::npos);
  CHECK_FALSE(error->hint().empty());
  return error->message();
}

/// A file with one tensor, "a", and `size` bytes of tensors.
GGUFBytes one_tensor(const std::vector<std::uint64_t>& sides, std::uint32_t type, std::uint64_t offset,
                     std::size_t size) {
  return gguf_start(1, 0).tensor("a", sides, type, offset).pad().zeros(size);
}

/// A file with one key-value, "k", whose value begins with `bytes`.
GGUFBytes one_value(std::uint32_t type, const GGUFBytes& bytes) {
  return gguf_start(0, 1).key("k", type).raw(bytes.bytes());
}

}  // namespace

TEST_CASE("gguf: the key-values of a file that the package gguf wrote", "[weights]") {
  const Bytes file = read(kFolder / "small.gguf");
  const GGUFHeader header = parse_gguf(file, "small.gguf");
  CHECK(header.text("general.architecture") == "lumina2");
  for (const int bits : {8, 16, 32, 64}) {
    INFO(bits);
    CHECK(header.number("test.uint" + std::to_string(bits)) == std::ldexp(1.0, bits) - (bits == 64 ? 0 : 1));
    CHECK(header.number("test.int" + std::to_string(bits)) == -std::ldexp(1.0, bits - 1));
  }
  CHECK(std::get<std::uint64_t>(header.values.at("test.uint64")) == std::numeric_limits<std::uint64_t>::max());
  CHECK(header.number("qwen3.rope.freq_base") == 1e6);
  CHECK(header.number("test.float64") == 0.1);
  CHECK(std::get<bool>(header.values.at("test.bool")));
  REQUIRE(header.texts("tokenizer.ggml.tokens") != nullptr);
  CHECK(*header.texts("tokenizer.ggml.tokens") == std::vector<std::string_view>{"!", "Ġthe", "<|im_end|>", "日本"});
  REQUIRE(header.integers("tokenizer.ggml.token_type") != nullptr);
  CHECK(*header.integers("tokenizer.ggml.token_type") == Shape{1, 1, 3, 1});
  CHECK(std::get<std::vector<double>>(header.values.at("tokenizer.ggml.scores")) == std::vector<double>{0.5, -1});
  // Of another type, left out, and not there.
  CHECK_FALSE(header.text("test.uint8"));
  CHECK_FALSE(header.number("test.bool"));
  CHECK(header.texts("tokenizer.ggml.scores") == nullptr);
  CHECK(header.integers("test.bytes") == nullptr);
  CHECK_FALSE(header.values.contains("test.nested"));
  CHECK_FALSE(header.text("general.name"));
}

TEST_CASE("gguf: the tensors of a file that the package gguf wrote", "[weights]") {
  const Bytes file = read(kFolder / "small.gguf");
  const GGUFHeader header = parse_gguf(file, "small.gguf");
  // Types, sizes and places are those that the package's reader shows.
  const std::vector<std::tuple<std::string, std::string, Shape, std::size_t>> kTensors = {
      {"norm.weight", "F32", {5}, 20},         {"half.weight", "F16", {3, 2}, 12},
      {"brain.weight", "BF16", {2, 4}, 16},    {"linear.weight", "Q8_0", {3, 64}, 204},
      {"mixed.weight", "Q4_K", {2, 512}, 576}, {"conv.weight", "Q5_1", {4, 8, 2, 2}, 96},
      {"across.weight", "Q4_0", {16, 8}, 72},  {"old.weight", "IQ2_XS", {1, 256}, 74}};
  CHECK(header.tensors.size() == kTensors.size());
  std::size_t begin = header.tensors.at("norm.weight").begin;
  CHECK(begin > 24);
  for (const auto& [name, type, shape, size] : kTensors) {
    INFO(name);
    const GGUFTensor& tensor = header.tensors.at(name);
    CHECK(tensor.type_name == type);
    CHECK(tensor.shape == shape);
    CHECK(tensor.begin == begin);
    CHECK(tensor.end - tensor.begin == size);
    begin = (tensor.end + 31) / 32 * 32;
  }
  CHECK(begin == file.size());
}

TEST_CASE("gguf: every type of ggml has its name and size", "[weights]") {
  const std::vector<std::tuple<std::uint32_t, std::string, std::size_t>> kBytesOf256 = {
      {0, "F32", 1024},   {1, "F16", 512},     {2, "Q4_0", 144},   {3, "Q4_1", 160},    {6, "Q5_0", 176},
      {7, "Q5_1", 192},   {8, "Q8_0", 272},    {9, "Q8_1", 288},   {10, "Q2_K", 84},    {11, "Q3_K", 110},
      {12, "Q4_K", 144},  {13, "Q5_K", 176},   {14, "Q6_K", 210},  {15, "Q8_K", 292},   {16, "IQ2_XXS", 66},
      {17, "IQ2_XS", 74}, {18, "IQ3_XXS", 98}, {19, "IQ1_S", 50},  {20, "IQ4_NL", 144}, {21, "IQ3_S", 110},
      {22, "IQ2_S", 82},  {23, "IQ4_XS", 136}, {24, "I8", 256},    {25, "I16", 512},    {26, "I32", 1024},
      {27, "I64", 2048},  {28, "F64", 2048},   {29, "IQ1_M", 56},  {30, "BF16", 512},   {34, "TQ1_0", 54},
      {35, "TQ2_0", 66},  {39, "MXFP4", 136},  {40, "NVFP4", 144}, {41, "Q1_0", 36},    {4, "type 4", 0},
      {99, "type 99", 0}};
  for (const auto& [type, name, size] : kBytesOf256) {
    INFO(name);
    const GGUFHeader header = parse_gguf(one_tensor({256, 1}, type, 0, size).bytes(), "file.gguf");
    const GGUFTensor& tensor = header.tensors.at("a");
    CHECK(tensor.type_name == name);
    CHECK(tensor.end - tensor.begin == size);
  }
}

TEST_CASE("gguf: valid headers are accepted", "[weights]") {
  const auto parse = [](const GGUFBytes& file) { return parse_gguf(file.bytes(), "file"); };
  CHECK(parse(gguf_start(0, 0)).tensors.empty());
  CHECK(parse(gguf_start(0, 0, 2)).values.empty());
  CHECK(parse(one_tensor({}, 0, 0, 4)).tensors.at("a").shape.empty());
  CHECK(parse(one_tensor({3, 0}, 0, 0, 0)).tensors.at("a").shape == Shape{0, 3});
  CHECK(parse(one_tensor({2}, 0, 64, 72)).tensors.at("a").begin == 128);
  // Rows that don't fill their blocks have no size.
  const GGUFTensor odd = parse(one_tensor({33, 32}, 8, 0, 0)).tensors.at("a");
  CHECK(odd.begin == odd.end);
  // What follows the last tensor is padding, and tensors needn't be in order.
  const auto two = parse(gguf_start(2, 0).tensor("b", {4}, 24, 32).tensor("a", {4}, 24, 0).pad().zeros(100));
  CHECK(two.tensors.at("a").end + 28 == two.tensors.at("b").begin);
  const auto narrow =
      parse(gguf_start(1, 1).key("general.alignment", kU32).u32(8).tensor("a", {1}, 0, 8).pad(8).zeros(12));
  CHECK(narrow.tensors.at("a").begin % 8 == 0);
  CHECK(narrow.tensors.at("a").begin % 32 != 0);
}

TEST_CASE("gguf: a shape that a converter changed is restored if it has as many values", "[weights]") {
  const auto shape_of = [](const std::vector<std::int32_t>& original, std::uint32_t type = kI32) {
    GGUFBytes file = gguf_start(1, 1).key("comfy.gguf.orig_shape.a", kArray).u32(type).u64(original.size());
    for (const auto side : original) file.number(side);
    file.tensor("a", {4, 6}, 0, 0).pad().zeros(96);
    return parse_gguf(file.bytes(), "file").tensors.at("a").shape;
  };
  CHECK(shape_of({2, 3, 4}) == Shape{2, 3, 4});
  CHECK(shape_of({24}) == Shape{24});
  CHECK(shape_of({2, 3, 5}) == Shape{6, 4});
  CHECK(shape_of({-4, -6}) == Shape{6, 4});
  CHECK(shape_of({}) == Shape{6, 4});
  CHECK(shape_of({2, 3, 4}, kF32) == Shape{6, 4});
}

TEST_CASE("gguf: files of other kinds and versions are refused by name", "[weights]") {
  CHECK(problem_of(GGUFBytes().raw(bytes_of("GGML\x03"))) == "file.gguf is not a GGUF file");
  CHECK(problem_of(GGUFBytes()) == "file.gguf is not a GGUF file");
  CHECK(problem_of(gguf_start(0, 0, 1)) == "file.gguf has version 1 of GGUF; versions 2 and 3 are supported");
  CHECK(problem_of(gguf_start(0, 0, 4)) == "file.gguf has version 4 of GGUF; versions 2 and 3 are supported");
  CHECK(problem_of(gguf_start(0, 0, 0x03000000)) == "file.gguf is a big-endian GGUF file, which is not supported");
}

TEST_CASE("gguf: damaged key-values are refused", "[weights]") {
  const std::string damaged = "file.gguf is damaged: ";
  const std::string value = damaged + "the value of \"k\" ";
  CHECK(problem_of(one_value(13, {})) == value + "has the unknown type 13");
  CHECK(problem_of(one_value(kArray, GGUFBytes().u32(13).u64(0))) == value + "has the unknown type 13");
  CHECK(problem_of(one_value(kBool, GGUFBytes().raw({2}))) == value + "is a boolean, but has the value 2");
  CHECK(problem_of(one_value(kU64, GGUFBytes().u32(1))) == damaged + "it ends within the value of \"k\"");
  CHECK(problem_of(gguf_start(0, 2).key("k", kU8).raw({1}).key("k", kU8).raw({1})) ==
        damaged + "its list of key-values has \"k\" twice");
  CHECK(problem_of(gguf_start(0, 1).key("\xff\n", kU8).raw({1})) ==
        damaged + "its list of key-values has \"\\xff\\n\", which is not a name in UTF-8");
  CHECK(problem_of(gguf_start(0, 1).key(std::string("a\0b", 3), kU8).raw({1})).find("not a name") != std::string::npos);
  for (const auto& alignment : {GGUFBytes().u32(0), GGUFBytes().u32(24)}) {
    CHECK(problem_of(gguf_start(0, 1).key("general.alignment", kU32).raw(alignment.bytes())) ==
          damaged + "the value of \"general.alignment\" is not a power of two of 32 bits");
  }
  CHECK_FALSE(problem_of(gguf_start(0, 1).key("general.alignment", kU64).u64(std::uint64_t{1} << 32)).empty());
  CHECK_FALSE(problem_of(gguf_start(0, 1).key("general.alignment", kF32).number(32.0F)).empty());
}

TEST_CASE("gguf: counts and lengths beyond the file take no memory", "[weights]") {
  const std::string ends = "file.gguf is damaged: it ends within the value of \"k\"";
  for (const std::uint64_t count : {std::uint64_t{99}, std::uint64_t{9'999'999'999'999}, std::uint64_t{1} << 61,
                                    std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    INFO(count);
    CHECK(problem_of(one_value(kString, GGUFBytes().u64(count).zeros(8))) == ends);
    for (std::uint32_t type = kU8; type <= kF64; ++type) {
      INFO(type);
      CHECK(problem_of(one_value(kArray, GGUFBytes().u32(type).u64(count).zeros(8))) == ends);
      CHECK(problem_of(one_value(kArray, GGUFBytes().u32(kArray).u64(1).u32(type).u64(count).zeros(8))) == ends);
    }
    if (count > 99) {
      const std::string claims = "its header claims " + std::to_string(count) + " ";
      CHECK(problem_of(gguf_start(count, 0)).find(claims + "tensors, more than 100000") != std::string::npos);
      CHECK(problem_of(gguf_start(0, count)).find(claims + "key-values, more than 100000") != std::string::npos);
    }
    CHECK(problem_of(gguf_start(0, 1).u64(count).zeros(8)).find("it ends within its list of key-values") !=
          std::string::npos);
    CHECK(problem_of(gguf_start(1, 0).u64(count).zeros(16)).find("it ends within its list of tensors") !=
          std::string::npos);
  }
  CHECK(problem_of(gguf_start(100'000, 100'000)).find("claims more tensors and key-values than the file can hold") !=
        std::string::npos);
}

TEST_CASE("gguf: arrays may be nested, but not without end", "[weights]") {
  const auto nested = [](int depth) {
    GGUFBytes value;
    for (int i = 1; i < depth; ++i) value.u32(kArray).u64(1);
    return one_value(kArray, value.u32(kString).u64(1).text("x"));
  };
  CHECK(problem_of(nested(1)).empty());
  CHECK(problem_of(nested(16)).empty());
  CHECK(problem_of(nested(17)) == "file.gguf is damaged: the value of \"k\" nests arrays more than 16 deep");
  CHECK(problem_of(nested(100'000)) == "file.gguf is damaged: the value of \"k\" nests arrays more than 16 deep");
  const Bytes kept = nested(1).bytes();
  CHECK(parse_gguf(kept, "file").texts("k") != nullptr);
  CHECK(parse_gguf(nested(2).bytes(), "file").values.empty());
}

TEST_CASE("gguf: damaged tensors are refused", "[weights]") {
  const std::string tensor = "file.gguf is damaged: tensor \"a\" ";
  constexpr std::uint64_t kHuge = std::uint64_t{1} << 40;
  CHECK(problem_of(one_tensor({kHuge, kHuge}, 0, 0, 0)) == tensor + "has a shape whose size overflows");
  CHECK(problem_of(one_tensor({kHuge, 0, kHuge}, 0, 0, 0)) == tensor + "has a shape whose size overflows");
  CHECK(problem_of(one_tensor({kHuge, kHuge}, 99, 0, 0)) == tensor + "has a shape whose size overflows");
  CHECK(problem_of(one_tensor({std::uint64_t{1} << 62}, 0, 0, 0)) == tensor + "has a shape whose size overflows");
  CHECK(problem_of(one_tensor({std::uint64_t{1} << 63}, 24, 0, 0)) == tensor + "has a side beyond 63 bits");
  CHECK(problem_of(one_tensor({1}, 24, ~std::uint64_t{0} - 31, 32)) == tensor + "lies beyond 63 bits");
  CHECK(problem_of(one_tensor({1}, 24, (std::uint64_t{1} << 63) - 32, 32)).find("is truncated") != std::string::npos);
  CHECK(problem_of(one_tensor({1}, 0, 16, 64)) == tensor + "begins at byte 16, which is no multiple of 32");
  CHECK(problem_of(gguf_start(1, 0).text("a").u32(65).zeros(600)) == tensor + "has 65 dimensions");
  CHECK(problem_of(gguf_start(1, 0).text("a").u32(2).zeros(12)) == "file.gguf is damaged: it ends within tensor \"a\"");
  CHECK(problem_of(one_tensor({9}, 24, 0, 8)) == "file.gguf is truncated: 1 bytes are missing");
  CHECK(problem_of(gguf_start(2, 0).tensor("a", {1}, 24, 0).tensor("a", {1}, 24, 32).pad().zeros(64)) ==
        "file.gguf is damaged: its list of tensors has \"a\" twice");
  CHECK(problem_of(gguf_start(2, 0).tensor("b", {33}, 24, 0).tensor("a", {1}, 24, 32).pad().zeros(64)) ==
        tensor + "overlaps another tensor");
}

TEST_CASE("gguf: files truncated anywhere", "[weights]") {
  const Bytes file = read(kFolder / "small.gguf");
  const std::size_t end = parse_gguf(file, "file").tensors.at("old.weight").end;
  for (std::size_t size = 0; size < file.size(); ++size) {
    INFO(size);
    const auto error = parse_error_of(Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)));
    REQUIRE(error.has_value() == (size < end));  // only padding follows the last tensor
    if (error) CHECK(error->code() == ErrorCode::kModel);
  }
}

TEST_CASE("gguf: random damage to the header is refused, or leaves a consistent one", "[weights]") {
  const Bytes file = read(kFolder / "small.gguf");
  const std::size_t header_size = parse_gguf(file, "file").tensors.at("norm.weight").begin;
  std::mt19937 random(20261128);
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    Bytes damaged = file;
    for (unsigned i = 0; i < 1 + round % 4u; ++i) {
      const std::size_t at = random() % header_size;
      switch (random() % 4) {
        case 0: damaged[at] = static_cast<std::uint8_t>(random()); break;
        case 1: damaged[at] ^= static_cast<std::uint8_t>(1U << (random() % 8)); break;
        case 2:
          damaged.insert(damaged.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::uint8_t>(random()));
          break;
        default: damaged.erase(damaged.begin() + static_cast<std::ptrdiff_t>(at)); break;
      }
    }
    const auto error = error_of([&] {
      for (const auto& [name, tensor] : parse_gguf(damaged, "file").tensors) {
        if (tensor.begin > tensor.end || tensor.end > damaged.size()) FAIL("a range beyond the file: " << name);
      }
    });
    if (!error) continue;
    ++refused;
    REQUIRE(error->code() == ErrorCode::kModel);
  }
  CHECK(refused > 5000);
  CHECK(refused < 20000);
}
