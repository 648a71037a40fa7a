#include <ATen/ATen.h>

#include "support/catch.h"
#include "unit/weights/quantised_file.h"

using namespace zimage;
using namespace zimage::test;

TEST_CASE("a scaled_fp8 tensor says that the fp8 weights below its prefix have scales", "[weights]") {
  const QuantisedFile file;
  FileTensors tensors;
  for (const std::string prefix : {"one.", "two."}) {
    tensors[prefix + "a.weight"] = {"F8_E4M3", {3, 5}};
    tensors[prefix + "a.scale_weight"] = kScalar;
    tensors[prefix + "a.scale_input"] = kScalar;
    tensors[prefix + "b.weight"] = {"BF16", {3, 5}};
  }
  tensors["one.scaled_fp8"] = {"F8_E4M3", {2}};
  CHECK(file.open(tensors)->names() == Names{"one.a.weight", "one.b.weight", "two.a.weight", "two.b.weight"});
  CHECK(file.open(tensors)->stored("one.a.weight").scale.item<float>() == 0.5F);
  for (const std::string prefix : {"one.", "two."}) {
    tensors.erase(prefix + "a.scale_weight");
    tensors.erase(prefix + "a.scale_input");
  }
  CHECK(file.problem("one.a.weight", tensors) == "lacks its scale \"one.a.scale_weight\"");
  CHECK(file.problem("two.a.weight", tensors).empty());
  // A marker of the whole file has no prefix, and one that no weight follows stays listed.
  CHECK(file.problem("two.a.weight", with(tensors, "scaled_fp8", {"F32", {}})) ==
        "lacks its scale \"two.a.scale_weight\"");
  CHECK(file.open({{"a.weight", {"BF16", {1}}}, {"scaled_fp8", {"F32", {}}}})->names() ==
        Names{"a.weight", "scaled_fp8"});
}

TEST_CASE("two markers of a layer must agree", "[weights]") {
  const QuantisedFile file;
  const Format convrot = format_of("convrot");
  const FileTensors tensors = with(layer_of(convrot, "p.l"), "p.l.comfy_quant", marker_tensor(convrot.options));
  for (const std::string layer : {"l", "p.l"}) {
    CHECK(file.problem("p.l.weight", tensors, metadata_of(layer, convrot.options)).empty());
    CHECK(has(file.problem("p.l.weight", tensors, metadata_of(layer, R"({"format":"int8_tensorwise"})")), "disagree"));
    CHECK(has(file.problem("p.l.weight", tensors, metadata_of(layer, R"({"format":"nvfp4"})")), "disagree"));
  }
}

TEST_CASE("the header's names are whole names first, and then ends that fit a single layer", "[weights]") {
  const QuantisedFile file;
  FileTensors tensors;
  for (const std::string layer : {"l", "a.l", "a.k", "b.k", "xm"}) {
    tensors[layer + ".weight"] = {"I8", {3, 4}};
    tensors[layer + ".weight_scale"] = kScalar;
  }
  const std::string options = R"({"format":"int8_tensorwise"})";
  const auto readable = [&](const std::string& layer) {
    const auto source = file.open(tensors, metadata_of(layer, options));
    Names out;
    for (const std::string& name : source->names()) {
      if (source->find(name)->problem.empty()) out.push_back(name);
    }
    return out;
  };
  CHECK(readable("l") == Names{"l.weight"});
  CHECK(readable("a.l") == Names{"a.l.weight"});
  CHECK(readable("k").empty());
  CHECK(readable("m").empty());
  CHECK(readable("").empty());
  CHECK(readable("nowhere").empty());
}

TEST_CASE("a header whose quantisation is not what it should be is refused", "[weights]") {
  const QuantisedFile file;
  const FileTensors tensors{{"l.weight", {"I8", {3, 4}}}, {"l.weight_scale", kScalar}};
  const std::vector<std::string> kBad = {"{",
                                         "[]",
                                         "null",
                                         "7",
                                         "{}",
                                         R"({"layers":[]})",
                                         R"({"layers":null})",
                                         R"({"layers":{"l":[]}})",
                                         R"({"layers":{"l":"nvfp4"}})",
                                         R"({"layers":{"l":{},"l":{}}})",
                                         R"({"layers":{"l":{"a":1e999}}})",
                                         "{\"layers\":" + std::string(100000, '[')};
  for (const std::string& text : kBad) {
    INFO(text.substr(0, 60));
    const auto error = error_of([&] { file.open(tensors, text); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kModel);
    CHECK(has(error->message(), "file.safetensors: its _quantization_metadata"));
    CHECK(error->message().find('\n') == std::string::npos);
  }
  CHECK(has(file.problem("l.weight", tensors, R"({"layers":{"l":{}}})"), "\"format\" is not a text"));
  CHECK(has(file.problem("l.weight", tensors, R"({"layers":{}})"), "nothing says how it was quantised"));
}
