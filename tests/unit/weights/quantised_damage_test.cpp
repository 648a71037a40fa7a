// Headers of quantised files with random damage: each is refused with a message, or every weight in it is whole or says
// what is wrong with it.
#include <ATen/ATen.h>

#include <cctype>
#include <nlohmann/json.hpp>
#include <random>

#include "support/catch.h"
#include "unit/weights/quantised_file.h"
#include "weights/open_weights.h"
#include "weights/stored_weight.h"

using namespace zimage;
using namespace zimage::test;

namespace {

constexpr int kRounds = 1000;

/// A file with a layer in each small format, half of them marked by tensors and half by the metadata.
struct Whole {
  std::string header;
  Bytes data;
};

void add(const std::string& name, const FileTensor& tensor, nlohmann::json& header, Bytes& data) {
  const std::size_t begin = data.size();
  data.insert(data.end(), tensor.bytes.begin(), tensor.bytes.end());
  data.resize(begin + size_of(tensor));
  header[name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
}

Whole make_whole() {
  Whole whole;
  nlohmann::json header = nlohmann::json::object();
  nlohmann::json layers = nlohmann::json::object();
  int number = 0;
  for (const Format& format : formats()) {
    if (size_of(format.weight) > 2048) continue;
    const std::string layer = "layers." + std::to_string(number) + ".w1";
    for (const auto& [name, tensor] : layer_of(format, layer)) add(name, tensor, header, whole.data);
    if (number++ % 2 == 0) {
      add(layer + ".comfy_quant", marker_tensor(format.options), header, whole.data);
    } else {
      layers[layer] = nlohmann::json::parse(format.options);
    }
  }
  header["__metadata__"]["_quantization_metadata"] = nlohmann::json{{"layers", layers}}.dump();
  whole.header = header.dump();
  return whole;
}

/// Changes one byte of the header: mostly to one of its own kind, which leaves it JSON.
void damage(std::string& text, std::mt19937& random) {
  const std::size_t at = random() % text.size();
  const auto c = static_cast<unsigned char>(text[at]);
  switch (random() % 8) {
    case 0: text[at] = static_cast<char>(random()); break;
    case 1: text.erase(at, 1); break;
    case 2: text.insert(at, 1, text[random() % text.size()]); break;
    default:
      if (std::isdigit(c) != 0) text[at] = static_cast<char>('0' + random() % 10);
      if (std::isalpha(c) != 0) text[at] = "aeFI4_.w"[random() % 8];
  }
}

/// Reads everything that a source offers. Returns how many weights have a problem.
int read_all(const WeightSource& source) {
  int problems = 0;
  for (const std::string& name : source.names()) {
    const WeightInfo* info = source.find(name);
    REQUIRE(info != nullptr);
    if (!info->problem.empty()) {
      ++problems;
      const auto error = error_of([&] { source.stored(name); });
      REQUIRE(error.has_value());
      REQUIRE(error->code() == ErrorCode::kModel);
      continue;
    }
    const StoredWeight weight = source.stored(name);
    REQUIRE(weight.shape == info->shape);
    // Touching each byte shows a range beyond the file.
    if (weight.data.numel() > 0) {
      static_cast<void>(weight.data.contiguous().view({-1}).view(at::kByte).sum().item<std::int64_t>());
    }
    source.release(name);
  }
  return problems;
}

}  // namespace

TEST_CASE("random damage to a quantised file's header is refused, or told of each weight", "[weights]") {
  const Whole whole = make_whole();
  const TemporaryFolder folder;
  std::mt19937 random(20261128);
  int refused = 0, with_problems = 0, clean = 0;
  for (int round = 0; round <= kRounds; ++round) {
    std::string header = whole.header;
    Bytes data = whole.data;
    for (int i = 0; round > 0 && i < 1 + round % 3; ++i) damage(header, random);
    // Every fourth file has damaged bytes, too: they hold markers and scales.
    if (round % 4 == 3) data[random() % data.size()] = static_cast<std::uint8_t>(random());
    const auto path = folder / "file.safetensors";
    std::filesystem::remove(path);
    write(path, safetensors(header, data));
    INFO("round " << round << ": " << header);
    int problems = 0;
    const auto error = error_of([&] { problems = read_all(*open_weights(path).weights); });
    if (error) REQUIRE(error->code() == ErrorCode::kModel);
    if (round == 0) REQUIRE((!error && problems == 0));
    ++(error ? refused : problems > 0 ? with_problems : clean);
  }
  INFO(refused << " refused, " << with_problems << " with problems, " << clean << " without");
  CHECK(refused > kRounds / 20);
  CHECK(with_problems > kRounds / 20);
  CHECK(clean > kRounds / 20);
}
