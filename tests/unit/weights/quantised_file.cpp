#include "unit/weights/quantised_file.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "weights/open_weights.h"

namespace zimage::test {
namespace {

void write_file(const std::filesystem::path& path, const FileTensors& tensors, const std::string& metadata) {
  nlohmann::json header = nlohmann::json::object();
  if (!metadata.empty()) header["__metadata__"]["_quantization_metadata"] = metadata;
  Bytes data;
  for (const auto& [name, tensor] : tensors) {
    const std::size_t begin = data.size();
    data.insert(data.end(), tensor.bytes.begin(), tensor.bytes.end());
    data.resize(begin + size_of(tensor));
    header[name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
  }
  write(path, safetensors(header.dump(), data));
}

}  // namespace

const FileTensor kScalar{"F32", {}, {0, 0, 0, 0x3f}};

std::size_t size_of(const FileTensor& tensor) {
  std::size_t size = tensor.dtype == "F32" ? 4 : tensor.dtype == "I64" ? 8 : tensor.dtype.ends_with("F16") ? 2 : 1;
  for (const auto side : tensor.shape) size *= static_cast<std::size_t>(side);
  return size;
}

FileTensor marker_tensor(const std::string& json) {
  return {"U8", {static_cast<std::int64_t>(json.size())}, bytes_of(json)};
}

std::vector<Format> formats() {
  const std::string fp8 = R"({"format":"float8_e4m3fn","full_precision_matrix_mult":true})";
  const std::string int8 = R"({"format":"int8_tensorwise"})";
  const std::string rotated = R"({"format":"int8_tensorwise","convrot":true,"convrot_groupsize":64})";
  const FileTensor rows{"F32", {3, 1}};
  const FileTensor codes{"I8", {3, 512}};
  return {
      {"fp8", fp8, Encoding::kF8E4M3, {3, 5}, {"F8_E4M3", {3, 5}}, {{"weight_scale", kScalar}}},
      {"fp8 [1]", fp8, Encoding::kF8E4M3, {3, 5}, {"F8_E4M3", {3, 5}}, {{"weight_scale", {"BF16", {1}}}}},
      {"fp8 rows", fp8, Encoding::kF8E4M3, {3, 5}, {"F8_E4M3", {3, 5}}, {{"weight_scale", {"F16", {3}}}}, {3}},
      {"e5m2",
       R"({"format":"float8_e5m2"})",
       Encoding::kF8E5M2,
       {3, 5},
       {"F8_E5M2", {3, 5}},
       {{"weight_scale", kScalar}}},
      {"int8", int8, Encoding::kInt8, {3, 512}, codes, {{"weight_scale", kScalar}}},
      {"int8 rows", int8, Encoding::kInt8, {3, 512}, codes, {{"weight_scale", rows}}, {3}},
      {"convrot", rotated, Encoding::kInt8, {3, 512}, codes, {{"weight_scale", rows}}, {3}, {}, 64},
      {"convrot in params",
       R"({"format":"int8_tensorwise","params":{"convrot":true,"convrot_groupsize":16}})",
       Encoding::kInt8,
       {3, 512},
       codes,
       {{"weight_scale", rows}},
       {3},
       {},
       16},
      {"convrot default",
       R"({"format":"int8_tensorwise","convrot":true})",
       Encoding::kInt8,
       {3, 512},
       codes,
       {{"weight_scale", rows}},
       {3},
       {},
       256},
      {"no convrot",
       R"({"format":"int8_tensorwise","convrot":false,"convrot_groupsize":7})",
       Encoding::kInt8,
       {3, 512},
       codes,
       {{"weight_scale", rows}},
       {3}},
      {"nvfp4",
       R"({"format":"nvfp4"})",
       Encoding::kNVFP4,
       {130, 80},
       {"U8", {130, 40}},
       {{"weight_scale", {"F8_E4M3", {256, 8}}}, {"weight_scale_2", kScalar}},
       {},
       {256, 8}},
      {"nvfp4 U8",
       R"({"format":"nvfp4","group_size":16})",
       Encoding::kNVFP4,
       {16, 16},
       {"U8", {16, 8}},
       {{"weight_scale", {"U8", {128, 4}}}, {"weight_scale_2", kScalar}},
       {},
       {128, 4}},
      {"mxfp8",
       R"({"format":"mxfp8"})",
       Encoding::kMXFP8,
       {130, 160},
       {"F8_E4M3", {130, 160}},
       {{"weight_scale", {"F8_E8M0", {256, 8}}}},
       {},
       {256, 8}},
      {"mxfp8 U8",
       R"({"format":"mxfp8"})",
       Encoding::kMXFP8,
       {32, 32},
       {"F8_E4M3", {32, 32}},
       {{"weight_scale", {"U8", {128, 4}}}},
       {},
       {128, 4}},
  };
}

FileTensors layer_of(const Format& format, const std::string& layer) {
  FileTensors out{{layer + ".weight", format.weight}, {layer + ".bias", {"BF16", {3}}}};
  for (const auto& [name, tensor] : format.scales) out[layer + "." + name] = tensor;
  return out;
}

std::string metadata_of(const std::string& layer, const std::string& options) {
  return R"({"format_version":"1.0","layers":{")" + layer + "\":" + options + "}}";
}

Format format_of(const std::string& name) {
  for (const Format& format : formats()) {
    if (format.name == name) return format;
  }
  FAIL("there is no format " << name);
  return {};
}

FileTensors without(FileTensors tensors, const std::string& name) {
  REQUIRE(tensors.erase(name) == 1);
  return tensors;
}

FileTensors with(FileTensors tensors, const std::string& name, const FileTensor& tensor) {
  tensors[name] = tensor;
  return tensors;
}

std::shared_ptr<const WeightSource> QuantisedFile::open(const FileTensors& tensors, const std::string& metadata) const {
  const auto path = folder_ / "file.safetensors";
  std::filesystem::remove(path);  // what is still mapped keeps its bytes
  write_file(path, tensors, metadata);
  return open_weights(path).weights;
}

std::string QuantisedFile::problem(const std::string& name, const FileTensors& tensors,
                                   const std::string& metadata) const {
  const auto source = open(tensors, metadata);
  REQUIRE(source->find(name) != nullptr);
  const std::string text = source->find(name)->problem;
  CHECK(error_of([&] { source->stored(name); }).has_value() == !text.empty());
  return text;
}

}  // namespace zimage::test
