#include <ATen/ATen.h>

#include "support/catch.h"
#include "unit/weights/quantised_file.h"

using namespace zimage;
using namespace zimage::test;

TEST_CASE("every format is read in every style of marker, and its scales are no weights", "[weights]") {
  const QuantisedFile file;
  const std::string layer = "model.diffusion_model.layers.0.w1";
  for (const Format& format : formats()) {
    for (const std::string style : {"tensor", "metadata", "metadata without prefix", "both"}) {
      INFO(format.name << ", " << style);
      FileTensors tensors = layer_of(format, layer);
      tensors[layer + ".input_scale"] = kScalar;
      std::size_t bytes = size_of(format.weight) + 4;
      for (const auto& item : format.scales) bytes += size_of(item.second);
      if (style == "tensor" || style == "both") {
        tensors[layer + ".comfy_quant"] = marker_tensor(format.options);
        bytes += format.options.size();
      }
      const std::string listed = style == "metadata without prefix" ? "layers.0.w1" : layer;
      const auto source = file.open(tensors, style == "tensor" ? "" : metadata_of(listed, format.options));
      CHECK(source->names() == Names{layer + ".bias", layer + ".weight"});
      const WeightInfo* info = source->find(layer + ".weight");
      REQUIRE(info != nullptr);
      CHECK(info->problem.empty());
      CHECK(info->encoding == format.encoding);
      CHECK(info->shape == format.shape);
      CHECK(info->bytes == bytes);
      const StoredWeight weight = source->stored(layer + ".weight");
      CHECK(weight.encoding == format.encoding);
      CHECK(weight.shape == format.shape);
      CHECK(weight.data.sizes() == at::IntArrayRef(format.weight.shape));
      CHECK(weight.rotation == format.rotation);
      CHECK_FALSE(weight.column_scale.defined());
      REQUIRE(weight.scale.defined() == (format.encoding != Encoding::kMXFP8));
      if (weight.scale.defined()) {
        CHECK(weight.scale.scalar_type() == at::kFloat);
        CHECK(weight.scale.sizes() == at::IntArrayRef(format.scale));
      }
      REQUIRE(weight.block_scale.defined() == !format.block_scale.empty());
      if (weight.block_scale.defined()) CHECK(weight.block_scale.sizes() == at::IntArrayRef(format.block_scale));
      source->release(layer + ".weight");
      CHECK(source->stored(layer + ".bias").encoding == Encoding::kBF16);
    }
  }
}

TEST_CASE("a scale that is missing, renamed, mis-shaped or of another dtype is named", "[weights]") {
  const QuantisedFile file;
  for (const Format& format : formats()) {
    const FileTensors good = with(layer_of(format, "a.b"), "a.b.comfy_quant", marker_tensor(format.options));
    for (const auto& item : format.scales) {
      const std::string name = "a.b." + item.first;
      const FileTensor& scale = item.second;
      INFO(format.name << ", " << name);
      const auto problem = [&](const FileTensors& tensors) { return file.problem("a.b.weight", tensors); };
      CHECK(problem(good).empty());
      CHECK(has(problem(without(good, name)), "lacks its scale \"" + name + "\""));

      const FileTensors renamed = with(without(good, name), "a.b.other_scale", scale);
      CHECK(has(problem(renamed), "lacks its scale \"" + name + "\""));
      CHECK(file.open(renamed)->names() == Names{"a.b.bias", "a.b.other_scale", "a.b.weight"});

      for (const std::vector<std::int64_t>& shape : std::vector<std::vector<std::int64_t>>{{7}, {2, 2}, {0}, {1, 3}}) {
        const std::string text = problem(with(good, name, {scale.dtype, shape}));
        CHECK(has(text, "\"" + name + "\" is ["));
        CHECK(has(text, "should be ["));
      }
      const std::string wrong = problem(with(good, name, {"I64", scale.shape}));
      CHECK(has(wrong, "has the scale \"" + name + "\" stored as I64, which should be F"));
    }
  }
}

TEST_CASE("messages about shapes give both", "[weights]") {
  const QuantisedFile file;
  const Format nvfp4 = format_of("nvfp4");
  const FileTensors good = with(layer_of(nvfp4, "l"), "l.comfy_quant", marker_tensor(nvfp4.options));
  CHECK(file.problem("l.weight", with(good, "l.weight_scale", {"U8", {130, 5}})) ==
        "is [130, 40], but its scale \"l.weight_scale\" is [130, 5] and should be [256, 8]");
  CHECK(file.problem("l.weight", with(good, "l.weight_scale_2", {"F32", {130}})) ==
        "is [130, 40], but its scale \"l.weight_scale_2\" is [130] and should be []");
  CHECK(has(file.problem("l.weight", with(good, "l.weight", {"U8", {130, 36}})), "blocks of 8 bytes"));
  CHECK(has(file.problem("l.weight", with(good, "l.weight", {"U8", {0, 40}})), "can't be nvfp4"));
  CHECK(has(file.problem("l.weight", with(good, "l.weight", {"U8", {5200}})), "can't be nvfp4"));
  CHECK(
      has(file.problem("l.weight", with(good, "l.comfy_quant", marker_tensor(R"({"format":"nvfp4","group_size":32})"))),
          "groups of 32, where nvfp4 has 16"));
}

TEST_CASE("pre_quant_scale becomes a factor of each column", "[weights]") {
  const QuantisedFile file;
  for (const Format& format : formats()) {
    INFO(format.name);
    FileTensors good = with(layer_of(format, "l"), "l.comfy_quant", marker_tensor(format.options));
    const std::int64_t columns = format.shape[1];
    good["l.pre_quant_scale"] = {"BF16", {columns}};
    const auto source = file.open(good);
    CHECK(source->names() == Names{"l.bias", "l.weight"});
    const at::Tensor scale = source->stored("l.weight").column_scale;
    REQUIRE(scale.defined());
    CHECK(scale.scalar_type() == at::kFloat);
    CHECK(scale.sizes() == at::IntArrayRef({columns}));
    good["l.pre_quant_scale"] = {"BF16", {columns + 1}};
    CHECK(has(file.problem("l.weight", good), "\"l.pre_quant_scale\" is [" + std::to_string(columns + 1) + "]"));
    good["l.pre_quant_scale"] = {"U8", {columns}};
    CHECK(has(file.problem("l.weight", good), "\"l.pre_quant_scale\" stored as U8"));
  }
}

TEST_CASE("fp8 weights without a marker have the scale that lies beside them, or none", "[weights]") {
  const QuantisedFile file;
  const FileTensors cast{{"a.weight", {"F8_E4M3", {3, 5}}}, {"a.bias", {"F8_E5M2", {3}}}, {"pad", {"F8_E4M3", {}}}};
  const auto source = file.open(cast);
  for (const auto& item : cast) {
    INFO(item.first);
    CHECK_FALSE(source->stored(item.first).scale.defined());
    CHECK(source->find(item.first)->shape == item.second.shape);
    CHECK(source->find(item.first)->bytes == size_of(item.second));
  }
  CHECK(source->find("a.bias")->encoding == Encoding::kF8E5M2);

  const auto scaled = file.open(with(cast, "a.weight_scale", kScalar));
  CHECK(scaled->names() == Names{"a.bias", "a.weight", "pad"});
  CHECK(scaled->stored("a.weight").scale.item<float>() == 0.5F);
  CHECK(file.problem("a.weight", with(cast, "a.scale_weight", kScalar)) ==
        "has the scale \"a.scale_weight\", but the file has no \"scaled_fp8\"");
  // Where other weights have markers, this one's was lost.
  auto marked = with(cast, "a.weight_scale", kScalar);
  marked["b.weight"] = {"F8_E4M3", {3, 5}};
  marked["b.weight_scale"] = kScalar;
  marked["b.comfy_quant"] = marker_tensor(R"({"format": "float8_e4m3fn"})");
  CHECK(file.problem("a.weight", marked) == "has a scale, but no marker \"a.comfy_quant\", and other weights have one");
  CHECK(file.problem("b.weight", marked).empty());
  CHECK(file.problem("a.weight", with(cast, "a.input_scale", kScalar)) == "lacks its scale \"a.weight_scale\"");
  CHECK(file.problem("a.weight", with(cast, "a.scale_input", kScalar)) == "lacks its scale \"a.scale_weight\"");
  CHECK(has(file.problem("a.weight", with(cast, "a.weight_scale", {"U8", {128, 4}})), "stored as U8"));
}

TEST_CASE("what can't be read says why, and its scales are not listed too", "[weights]") {
  const QuantisedFile file;
  const auto problem = [&](const FileTensor& weight, const std::string& json) {
    const FileTensors tensors{{"l.weight", weight},
                              {"l.weight_scale", {"F32", {4, 1}}},
                              {"l.input_scale", kScalar},
                              {"l.comfy_quant", marker_tensor(json)}};
    CHECK(file.open(tensors)->names() == Names{"l.weight"});
    return file.problem("l.weight", tensors);
  };
  const FileTensor int8{"I8", {4, 96}};
  CHECK(problem(int8, R"({"format":"convrot_w4a4","convrot_groupsize":16})") ==
        "has the unknown quantisation format \"convrot_w4a4\"");
  CHECK(has(problem(int8, R"({"format":"a\nb"})"), "unknown quantisation format \"a\\nb\""));
  // ComfyUI would convert these weights to the marker's dtype; no file is known that means that.
  CHECK(problem({"BF16", {4, 96}}, R"({"format":"float8_e4m3fn"})") ==
        "is stored as BF16, but its marker says \"float8_e4m3fn\", which is stored as F8_E4M3");
  CHECK(has(problem({"F8_E5M2", {4, 96}}, R"({"format":"float8_e4m3fn"})"), "is stored as F8_E5M2"));
  CHECK(has(problem({"U8", {4, 96}}, R"({"format":"int8_tensorwise"})"), "is stored as U8"));
  CHECK(has(problem({"F8_E4M3", {4, 96}}, R"({"format":"float8_e4m3fn","convrot":true})"), "is rotated (convrot)"));
  for (const std::string size : {"32", "1", "2", "8", "256", "-16", "128"}) {
    INFO(size);
    const std::string text =
        problem(int8, R"({"format":"int8_tensorwise","convrot":true,"convrot_groupsize":)" + size + "}");
    CHECK(has(text, "in groups of " + size + ", which should be a power of 4 that divides 96"));
  }
  CHECK(has(problem({"I8", {4, 128}}, R"({"format":"int8_tensorwise","convrot":true})"), "in groups of 256"));
  for (const std::string bad :
       {R"("convrot_groupsize":0)", R"("convrot_groupsize":16.5)", R"("convrot_groupsize":"16")"}) {
    CHECK(has(problem(int8, R"({"format":"int8_tensorwise","convrot":true,)" + bad + "}"),
              "\"convrot_groupsize\" is not"));
  }
  CHECK(has(problem(int8, R"({"format":"int8_tensorwise","convrot":"yes"})"), "\"convrot\" is not true or false"));
  for (const std::string bad : {"{}", R"({"format":null})", R"({"format":["nvfp4"]})"}) {
    CHECK(has(problem(int8, bad), "\"format\" is not a text"));
  }
  for (const std::string bad :
       {"", "{", "[]", "7", R"({"format":"nvfp4","format":"nvfp4"})", "{\"format\":\"\xff\"}"}) {
    CHECK(has(problem(int8, bad), "can't be understood: \"l.comfy_quant\""));
  }
}

TEST_CASE("integers without a marker are refused: ComfyUI would take them for the values", "[weights]") {
  const QuantisedFile file;
  for (const std::string dtype : {"U8", "I8"}) {
    const FileTensors tensors{
        {"l.weight", {dtype, {16, 8}}}, {"l.weight_scale", {"F8_E4M3", {128, 4}}}, {"l.bias", {"F32", {16}}}};
    CHECK(file.problem("l.weight", tensors) ==
          "is stored as " + dtype + ", but nothing says how it was quantised: there is no \"l.comfy_quant\", and the " +
              "header doesn't list it");
    CHECK(file.open(tensors)->names() == Names{"l.bias", "l.weight"});
  }
}

TEST_CASE("scales and markers that belong to no weight stay listed", "[weights]") {
  const QuantisedFile file;
  const FileTensors tensors{{"a.bias", {"F32", {3}}},
                            {"a.comfy_quant", marker_tensor(R"({"format":"nvfp4"})")},
                            {"a.input_scale", kScalar},
                            {"a.pre_quant_scale", {"F32", {3}}},
                            {"a.scale_input", kScalar},
                            {"a.scale_weight", kScalar},
                            {"a.weight_scale", {"F8_E4M3", {128, 4}}},
                            {"a.weight_scale_2", kScalar}};
  Names all;
  for (const auto& item : tensors) all.push_back(item.first);
  CHECK(file.open(tensors)->names() == all);
  // So do those beside a dense weight without a marker: nothing says that they should be applied.
  FileTensors dense = with(without(tensors, "a.comfy_quant"), "a.weight", {"BF16", {3, 3}});
  CHECK(file.open(dense)->names().size() == dense.size());
  // And those that the weight's format doesn't have.
  const FileTensors fp8{{"a.weight", {"F8_E4M3", {3, 3}}},
                        {"a.comfy_quant", marker_tensor(R"({"format":"float8_e4m3fn"})")},
                        {"a.weight_scale", kScalar},
                        {"a.weight_scale_2", kScalar}};
  CHECK(file.open(fp8)->names() == Names{"a.weight", "a.weight_scale_2"});
}
