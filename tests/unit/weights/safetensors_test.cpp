// What is accepted and refused was compared with the `safetensors` package 0.8, which is laxer in a few places: it
// accepts white space before the header, a name twice (the last wins) and any number of dimensions.
#include "weights/formats/safetensors.h"

#include <random>

#include "support/catch.h"
#include "support/files.h"

using namespace zimage;
using namespace zimage::test;

namespace {

const std::string kOne = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";

std::string tensor(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}

std::optional<Error> parse_error_of(const Bytes& file) {
  return error_of([&] { parse_safetensors(file, "file.safetensors"); });
}

std::string ones(int count) {
  std::string shape = "[1";
  for (int i = 1; i < count; ++i) shape += ",1";
  return shape + "]";
}

}  // namespace

TEST_CASE("safetensors: valid headers are accepted", "[weights]") {
  const auto parse = [](const std::string& json, std::size_t size) {
    return parse_safetensors(safetensors(json, Bytes(size)), "file");
  };
  CHECK(parse("{}", 0).tensors.empty());
  CHECK(parse(kOne + "   \n\t", 4).tensors.size() == 1);
  CHECK(parse(tensor("F32", "[]", "[0,4]"), 4).tensors.at("a").shape.empty());
  CHECK(parse(tensor("F32", "[0,5]", "[0,0]"), 0).tensors.at("a").shape == std::vector<std::int64_t>{0, 5});
  CHECK(parse(tensor("F4", "[2]", "[0,1]"), 1).tensors.at("a").dtype == "F4");
  CHECK(parse(tensor("F32", ones(64), "[0,4]"), 4).tensors.at("a").shape.size() == 64);
  CHECK(parse(R"({"__metadata__":{"format":"pt","ü":""}})", 0).metadata.at("format") == "pt");
  CHECK(parse(R"({"__metadata__":null})", 0).metadata.empty());
  const std::string later =
      R"({"a":{"new":[{"x":[1,-2.5,null,true,"s",{}]}],"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  CHECK(parse(later, 4).tensors.count("a") == 1);
  CHECK(parse(R"({"\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})", 0).tensors.count("a") == 1);
}

TEST_CASE("safetensors: ranges are relative to the whole file, and empty tensors may lie between others", "[weights]") {
  const std::string json =
      R"({"b":{"dtype":"BF16","shape":[2,2],"data_offsets":[4,12]},"z":{"dtype":"F64","shape":[0],)"
      R"("data_offsets":[4,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  const auto header = parse_safetensors(safetensors(json, Bytes(12)), "file");
  CHECK(header.tensors.at("a").begin == 8 + json.size());
  CHECK(header.tensors.at("a").end == 12 + json.size());
  CHECK(header.tensors.at("b").end == 20 + json.size());
  CHECK(header.tensors.at("z").begin == header.tensors.at("z").end);
}

TEST_CASE("safetensors: every dtype of the format has its size", "[weights]") {
  const std::vector<std::pair<std::string, std::size_t>> kBytesOfEight = {
      {"BOOL", 8},    {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6},     {"U8", 8},          {"I8", 8},
      {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},
      {"U16", 16},    {"F16", 16},    {"BF16", 16},   {"I32", 32},        {"U32", 32},        {"F32", 32},
      {"F64", 64},    {"I64", 64},    {"U64", 64},    {"C64", 64}};
  for (const auto& [dtype, size] : kBytesOfEight) {
    const std::string json = tensor(dtype, "[8]", "[0," + std::to_string(size) + "]");
    INFO(dtype);
    CHECK_FALSE(parse_error_of(safetensors(json, Bytes(size))));
    CHECK(parse_error_of(safetensors(tensor(dtype, "[16]", "[0," + std::to_string(size) + "]"), Bytes(size))));
  }
}

TEST_CASE("safetensors: malformed headers are refused", "[weights]") {
  const std::string meta = R"({"__metadata__":)";
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  const std::vector<std::pair<std::string, std::size_t>> kRefused = {
      {"", 0},
      {" " + kOne, 4},
      {"\xef\xbb\xbf" + kOne, 4},
      {kOne + std::string(2, '\0'), 4},
      {kOne + "x", 4},
      {"[]", 0},
      {"{", 0},
      {R"({"a":null})", 0},
      {R"({"a":1})", 0},
      {R"({"a":[]})", 0},
      {R"({"a":["F32",[1],[0,4]]})", 4},
      {R"({"a":{}})", 0},
      {R"({"a":{"dtype":"F32","data_offsets":[0,4]}})", 4},
      {R"({"a":{"shape":[1],"data_offsets":[0,4]}})", 4},
      {R"({"a":{"dtype":"F32","shape":[1]}})", 4},
      {R"({"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4},
      {kOne.substr(0, kOne.size() - 1) + "," + kOne.substr(1), 4},
      {tensor("f32", "[1]", "[0,4]"), 4},
      {tensor("F31", "[1]", "[0,4]"), 4},
      {tensor("F32", "[-1]", "[0,4]"), 4},
      {tensor("F32", "[1.0]", "[0,4]"), 4},
      {tensor("F32", "[-0]", "[0,0]"), 0},
      {tensor("F32", "[\"1\"]", "[0,4]"), 4},
      {tensor("F32", "[[1]]", "[0,4]"), 4},
      {tensor("F32", "{}", "[0,4]"), 4},
      {tensor("F32", "1", "[0,4]"), 4},
      {tensor("F32", ones(65), "[0,4]"), 4},
      {tensor("F32", "[18446744073709551616]", "[0,4]"), 4},
      {tensor("F32", "[9223372036854775808]", "[0,4]"), 4},
      {tensor("F32", "[4611686018427387905]", "[0,4]"), 4},
      {tensor("F32", "[4294967296,4294967296,0]", "[0,0]"), 0},
      {tensor("F32", "[1]", "[0]"), 4},
      {tensor("F32", "[1]", "[0,4,4]"), 4},
      {tensor("F32", "[1]", "[4,8]"), 8},
      {tensor("F32", "[0]", "[4,0]"), 4},
      {tensor("F32", "[2]", "[0,4]"), 4},
      {tensor("F32", "[1]", "[0,8]"), 8},
      {tensor("F32", "[1]", "[0,4]"), 3},
      {tensor("F32", "[1]", "[0,4]"), 5},
      {tensor("F4", "[1]", "[0,1]"), 1},
      {R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
       6},
      {R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[6,10]}})",
       10},
      {meta + R"({"a":1}})", 0},
      {meta + R"({"a":null}})", 0},
      {meta + R"({"a":{}}})", 0},
      {meta + R"({"a":["b"]}})", 0},
      {meta + "[]}", 0},
      {meta + "\"a\"}", 0},
      {meta + R"({"a":"b","a":"c"}})", 0},
      {meta + R"({},"__metadata__":{}})", 0},
      {"{\"\xff\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0},
      {R"({"\ud800":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})", 0},
      {R"({"a":{"x":)" + deep + R"(,"dtype":"U8","shape":[0],"data_offsets":[0,0]}})", 0},
  };
  for (const auto& [json, size] : kRefused) {
    INFO(json);
    const auto error = parse_error_of(safetensors(json, Bytes(size)));
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kModel);
    CHECK(error->message().rfind("file.safetensors", 0) == 0);
    CHECK(error->message().find('\n') == std::string::npos);
    CHECK_FALSE(error->hint().empty());
  }
}

TEST_CASE("safetensors: impossible header lengths are refused", "[weights]") {
  Bytes file = safetensors(kOne, Bytes(4));
  for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{file.size() - 7}, std::uint64_t{100'000'001},
                                     std::uint64_t{1} << 63, ~std::uint64_t{0}, ~std::uint64_t{0} - 7}) {
    for (std::size_t i = 0; i < 8; ++i) file[i] = static_cast<std::uint8_t>(length >> (8 * i));
    INFO(length);
    REQUIRE(parse_error_of(file));
    CHECK(parse_error_of(file)->code() == ErrorCode::kModel);
  }
}

TEST_CASE("safetensors: errors name the kind of files that people get by mistake", "[weights]") {
  const auto message = [](const std::string& start) {
    const auto error = parse_error_of(bytes_of(start + std::string(64, 'x')));
    return error ? error->message() : "";
  };
  CHECK(message("GGUF\x03") == "file.safetensors is a GGUF file");
  CHECK(message("version https://git-lfs.github.com/spec/v1").find("Git LFS pointer") != std::string::npos);
  CHECK(message("PK\x03\x04").find("pickle") != std::string::npos);
  CHECK(message("<!DOCTYPE html>").find("web page") != std::string::npos);
  // A header of 640 bytes begins with the same two bytes as a pickle.
  const std::string padded = kOne + std::string(640 - kOne.size(), ' ');
  CHECK_FALSE(parse_error_of(safetensors(padded, Bytes(4))));
}

TEST_CASE("safetensors: files truncated anywhere", "[weights]") {
  const Bytes file = safetensors_of({{"first.weight", {1, 2, 3}}, {"second.bias", {}}, {"third", {4, 5}}});
  REQUIRE_FALSE(parse_error_of(file));
  for (std::size_t size = 0; size < file.size(); ++size) {
    INFO(size);
    const auto error = parse_error_of(Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)));
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kModel);
  }
}

TEST_CASE("safetensors: random damage is refused, or leaves a consistent header", "[weights]") {
  const Bytes file = safetensors_of({{"first.weight", {1, 2, 3}}, {"second.bias", {}}, {"third", {4, 5}}});
  std::mt19937 random(20240713);
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    Bytes damaged = file;
    for (unsigned i = 0; i < 1 + round % 4u; ++i) {
      const std::size_t at = random() % damaged.size();
      switch (random() % 3) {
        case 0: damaged[at] = static_cast<std::uint8_t>(random()); break;
        case 1:
          damaged.insert(damaged.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::uint8_t>(random()));
          break;
        default: damaged.erase(damaged.begin() + static_cast<std::ptrdiff_t>(at)); break;
      }
    }
    const auto error = error_of([&] {
      for (const auto& [name, entry] : parse_safetensors(damaged, "file").tensors) {
        if (entry.begin > entry.end || entry.end > damaged.size()) FAIL("a range beyond the file: " << name);
      }
    });
    if (!error) continue;
    ++refused;
    REQUIRE(error->code() == ErrorCode::kModel);
  }
  CHECK(refused > 10000);
  CHECK(refused < 20000);
}
