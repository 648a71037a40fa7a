#include "nn/stream/layer_store.h"

#include <ATen/ATen.h>

#include <memory>

#include "nn/stream/host_store.h"
#include "support/catch.h"
#include "support/memory_source.h"
#include "support/recording_source.h"

namespace zimage::nn {
namespace {

using test::MemorySource;
using test::RecordingSource;

constexpr std::int64_t kWidth = 96;
constexpr std::int64_t kLayers = 5;

/// A layer with every kind of tensor: a linear weight, its bias, a norm.
struct Layer {
  Linear linear;
  at::Tensor norm;

  void map_tensors(const TensorMap& map) {
    nn::map_tensors(linear, map);
    norm = map(norm);
  }
  at::Tensor forward(const at::Tensor& x) const { return at::tanh(linear(x)) * norm; }
};

StoredWeight dense(const at::Tensor& tensor) {
  const Encoding encoding = tensor.scalar_type() == at::kFloat ? Encoding::kF32 : Encoding::kBF16;
  return {.encoding = encoding, .shape = tensor.sizes().vec(), .data = tensor};
}

/// Makes int8 with a scale for each row of every second layer, if `mixed`, as GGUFs have layers of several types.
std::shared_ptr<RecordingSource> source_of(at::ScalarType dtype, bool mixed) {
  at::manual_seed(7);
  auto memory = std::make_shared<MemorySource>();
  for (std::int64_t i = 0; i < kLayers; ++i) {
    const std::string prefix = "layers." + std::to_string(i) + ".";
    const at::Tensor weight = at::randn({kWidth, kWidth}) * 0.2;
    if (mixed && i % 2 == 1) {
      memory->add(prefix + "linear.weight", StoredWeight{.encoding = Encoding::kInt8,
                                                         .shape = {kWidth, kWidth},
                                                         .data = (weight * 100.0).to(at::kChar).view(at::kByte),
                                                         .scale = at::full({kWidth}, 0.01)});
    } else {
      memory->add(prefix + "linear.weight", dense(weight.to(dtype)));
    }
    memory->add(prefix + "linear.bias", dense(at::randn({kWidth}).to(dtype)));
    memory->add(prefix + "norm.weight", dense(at::randn({kWidth}).to(dtype)));
  }
  memory->add("other.weight", dense(at::ones({1})));
  return std::make_shared<RecordingSource>(memory);
}

LayerStore<Layer> load(const WeightSource& source, const Placement& placement, const LayerList& list) {
  WeightLoader weights(source, placement, WeightLoader::Mode::kLoad);
  auto store = load_layers<Layer>(weights, list, [&](const std::string& prefix, std::size_t) {
    return Layer{weights.bulk_linear(prefix + ".linear", kWidth, kWidth, true),
                 weights.tensor(prefix + ".norm.weight", {kWidth})};
  });
  CHECK(weights.placement().as_stored == placement.as_stored);
  return store;
}

Placement with_resident(std::int64_t layers, at::ScalarType dtype = at::kFloat) {
  Placement placement;
  placement.dtype = dtype;
  placement.resident_layers = layers;
  return placement;
}

at::Tensor forward(const LayerStore<Layer>& store, at::Tensor x) {
  for (std::size_t i = 0; i < store.size(); ++i) x = store.at(i).forward(x);
  return x;
}

std::vector<std::string> names_of(std::initializer_list<int> layers) {
  std::vector<std::string> names;
  for (const int layer : layers) {
    for (const char* name : {".linear.bias", ".linear.weight", ".norm.weight"}) {
      names.push_back(std::string("layers.").append(std::to_string(layer)).append(name));
    }
  }
  return names;
}

TEST_CASE("streamed pages: a forward is the same to the bit, and pages are read in order and released") {
  const bool mixed = GENERATE(false, true);
  const auto source = source_of(at::kFloat, mixed);
  const at::Tensor x = at::randn({1, 3, kWidth});
  const at::Tensor expected = forward(load(*source, with_resident(kLayers), {"layers", kLayers}), x);
  const auto store = load(*source, with_resident(1), {"layers", kLayers});
  // Loading read each streamed layer once, to check it.
  source->released.clear();
  CHECK(at::equal(forward(store, x), expected));
  CHECK(at::equal(forward(store, x), expected));
  CHECK(source->released == names_of({1, 2, 3, 4, 1, 2, 3}));
  store.rest();
  source->released.clear();
  source->read.clear();
  CHECK(at::equal(forward(store, x), expected));
  store.rest();
  const auto released = names_of({1, 2, 3, 4, 1});
  CHECK(std::vector(source->released.begin(), source->released.begin() + 9) ==
        std::vector(released.begin(), released.begin() + 9));
  const auto read = names_of({1, 2, 3, 4});
  REQUIRE(source->read.size() >= read.size());
  CHECK(std::vector(source->read.begin(), source->read.begin() + static_cast<std::ptrdiff_t>(read.size())) == read);
}

TEST_CASE("streamed pages: after loading nothing of a streamed layer is in memory") {
  const auto source = source_of(at::kFloat, false);
  const auto store = load(*source, with_resident(3), {"layers", kLayers});
  CHECK(source->released == names_of({3, 4}));
  CHECK(source->read.empty());
}

TEST_CASE("streamed pages: a layer that can't be read is an error where it is needed, each time") {
  const auto source = source_of(at::kFloat, false);
  const at::Tensor x = at::randn({1, 3, kWidth});
  const at::Tensor expected = forward(load(*source, with_resident(kLayers), {"layers", kLayers}), x);
  const auto store = load(*source, with_resident(0), {"layers", kLayers});
  source->broken = "layers.2.linear.weight";
  for (int time = 0; time < 2; ++time) {
    store.at(0);
    store.at(1);
    CHECK_THROWS_AS(store.at(2), Error);
  }
  store.rest();
  source->broken.clear();
  CHECK(at::equal(forward(store, x), expected));
}

TEST_CASE("streamed pages: a list that isn't cyclic ends with its last layer") {
  const auto source = source_of(at::kFloat, false);
  const auto store = load(*source, with_resident(0), {.group = "layers", .count = kLayers, .cyclic = false});
  source->released.clear();
  forward(store, at::randn({1, 3, kWidth}));
  store.rest();
  CHECK(source->read == names_of({0, 1, 2, 3, 4}));
  CHECK(source->released == names_of({0, 1, 2, 4, 3}));
}

TEST_CASE("streamed pages: dense weights of another dtype stay as they are stored") {
  const auto source = source_of(at::kBFloat16, false);
  const at::Tensor x = at::randn({1, 3, kWidth});
  const at::Tensor expected = forward(load(*source, with_resident(kLayers), {"layers", kLayers}), x);
  const auto store = load(*source, with_resident(0), {"layers", kLayers});
  CHECK(at::allclose(forward(store, x), expected, 1e-6, 1e-6));
  // The layers still refer to the file's bytes: if those change, so does what comes out.
  source->stored("layers.2.linear.weight").data.zero_();
  CHECK_FALSE(at::allclose(forward(store, x), expected, 1e-2, 1e-2));
}

TEST_CASE("a forward that is given up, and forwards one after another, don't disturb the next one") {
  const auto source = source_of(at::kFloat, true);
  const bool slots = GENERATE(false, true);
  LayerList list{.group = "layers", .count = kLayers};
  if (slots) list.slot_order = at_once;
  const at::Tensor x = at::randn({1, 3, kWidth}), y = at::randn({1, 3, kWidth});
  const auto resident = load(*source, with_resident(kLayers), {"layers", kLayers});
  const auto store = load(*source, with_resident(0), list);
  for (const std::size_t stop : {1, 3, 2}) {
    for (std::size_t i = 0; i < stop; ++i) store.at(i);
    CHECK(at::equal(forward(store, x), forward(resident, x)));
    CHECK(at::equal(forward(store, y), forward(resident, y)));
  }
}

TEST_CASE("slots: a forward is the same to the bit, and copies each streamed layer once") {
  const bool mixed = GENERATE(false, true);
  const std::int64_t kept = GENERATE(0, 1, 3, 4, 5);
  const auto source = source_of(at::kFloat, mixed);
  const at::Tensor x = at::randn({1, 3, kWidth});
  const at::Tensor expected = forward(load(*source, with_resident(kLayers), {"layers", kLayers}), x);
  const auto store = load(*source, with_resident(kept), {.group = "layers", .count = kLayers, .slot_order = at_once});
  CHECK(at::equal(forward(store, x), expected));
  const std::uint64_t first = store.moved_bytes();
  CHECK(at::equal(forward(store, x), expected));
  // Each tensor is aligned to 256 bytes, and the last one of a layer ends where it ends.
  std::uint64_t bytes = 0;
  for (std::int64_t i = kept; i < kLayers; ++i) {
    const bool int8 = mixed && i % 2 == 1;
    bytes += kWidth * kWidth * (int8 ? 1 : 4) + (int8 ? 512 : 0) + 512 + kWidth * 4;
  }
  CHECK(store.moved_bytes() - first == (kLayers - kept > 2 ? bytes : 0));
  // What the file has no longer matters.
  source->stored("layers.4.linear.weight").data.zero_();
  if (kept < kLayers) CHECK(at::equal(forward(store, x), expected));
}

TEST_CASE("slots: layers in fp8 go through them as all others, in a byte for each number") {
  const bool mixed = GENERATE(false, true);
  const auto source = source_of(at::kBFloat16, mixed);
  const at::Tensor x = at::randn({1, 3, kWidth});
  Placement placement = with_resident(kLayers);
  placement.fp8 = true;
  const at::Tensor expected = forward(load(*source, placement, {"layers", kLayers}), x);
  CHECK_FALSE(at::equal(forward(load(*source, with_resident(kLayers), {"layers", kLayers}), x), expected));
  placement.resident_layers = 1;
  const auto store = load(*source, placement, {.group = "layers", .count = kLayers, .slot_order = at_once});
  CHECK(at::equal(forward(store, x), expected));
  const std::uint64_t first = store.moved_bytes();
  CHECK(at::equal(forward(store, x), expected));
  CHECK(store.moved_bytes() - first == (kLayers - 1) * (kWidth * kWidth + 512 + 512 + kWidth * 4));
}

TEST_CASE("slots: a list of no layers and a list that is only checked need none") {
  const auto source = source_of(at::kFloat, false);
  const auto empty = load(*source, with_resident(0), {.group = "layers", .count = 0, .slot_order = at_once});
  CHECK(empty.size() == 0);
  empty.rest();
  WeightLoader checker(*source, with_resident(0), WeightLoader::Mode::kCheck);
  const auto checked = load_layers<Layer>(checker, {"layers", kLayers}, [&](const std::string& prefix, std::size_t) {
    return Layer{checker.linear(prefix + ".linear", kWidth, kWidth, true), {}};
  });
  CHECK(checked.at(4).linear.bias.is_meta());
  CHECK(source->read.empty());
}

TEST_CASE("the host's copies come back whole across the blocks that hold them") {
  HostStore host(/*pinned=*/false, /*block=*/1024);
  const at::Tensor a = at::randn({100}), b = at::randint(0, 255, {3, 700}, at::kByte), c = at::tensor(2.5F);
  const auto first = host.append(a), second = host.append(b.t()), third = host.append(c);
  CHECK(first.bytes() == 400);
  CHECK(second.begin == 512);
  CHECK(third.bytes() == 4);
  const auto back = [&](const HostStore::Range& range) {
    at::Tensor out = at::empty({range.bytes()}, at::kByte);
    host.copy_to(out, range);
    return out;
  };
  CHECK(at::equal(back(first).view(at::kFloat), a));
  CHECK(at::equal(back(second).view({700, 3}), b.t()));
  CHECK(back(third).view(at::kFloat).item<float>() == 2.5F);
}

}  // namespace
}  // namespace zimage::nn
