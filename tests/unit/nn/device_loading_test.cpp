// What the host does with weights that go to a device: it copies their bytes, once, and nothing else.
#include <ATen/ATen.h>

#include <cstring>
#include <deque>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/quantised/dequantise.h"
#include "nn/quantised/quantise.h"
#include "nn/weight_loader.h"
#include "support/catch.h"
#include "support/memory_source.h"

namespace zimage::nn {
namespace {

std::vector<at::Tensor*> parts_of(StoredWeight& weight) {
  std::vector<at::Tensor*> parts;
  for (at::Tensor* part : {&weight.data, &weight.scale, &weight.block_scale, &weight.column_scale}) {
    if (part->defined()) parts.push_back(part);
  }
  return parts;
}

/// What the host and the device have. Each weight's bytes on the host are all ones, which are NaNs in every encoding
/// that has any: whoever looks at one there, to check or to convert it, finds that it isn't finite.
struct Model {
  void add(const std::string& name, StoredWeight weight) {
    StoredWeight blank = weight;
    for (at::Tensor* part : parts_of(blank)) {
      *part = part->contiguous().clone();
      std::memset(part->mutable_data_ptr(), 0xFF, part->nbytes());
    }
    on_host.add(name, blank);
    on_device.add(name, std::move(weight));
  }
  test::MemorySource on_host, on_device;
};

/// A device whose memory holds the numbers that the host lacks.
class KnowingDevice final : public UploadDevice {
 public:
  KnowingDevice(std::deque<at::Tensor> tensors, std::uint64_t& copied)
      : tensors_(std::move(tensors)), copied_(copied) {}
  at::Tensor host_bytes(std::int64_t count) override { return at::zeros({count}, at::kByte); }
  at::Tensor device_memory(const at::Tensor& tensor) override {
    REQUIRE_FALSE(tensors_.empty());
    const at::Tensor known = tensors_.front().clone();
    tensors_.pop_front();
    REQUIRE(tensor.sizes() == known.sizes());
    REQUIRE(tensor.scalar_type() == known.scalar_type());  // nothing was converted on the way
    return known;
  }
  void begin_copy(at::Tensor& to, const at::Tensor& from) override {
    CHECK(to.nbytes() == from.nbytes());
    CHECK(from.eq(0xFF).all().item<bool>());
    copied_ += from.nbytes();
  }
  void mark(std::size_t) override {}
  void wait(std::size_t) override {}

 private:
  std::deque<at::Tensor> tensors_;
  std::uint64_t& copied_;
};

/// Loads matrices [64, 256], then a norm. Returns what they make of one input.
std::vector<at::Tensor> results(WeightLoader& loader, const std::vector<std::string>& matrices) {
  at::manual_seed(9);
  const at::Tensor x = at::randn({3, 256}).to(loader.placement().dtype);
  std::vector<at::Tensor> made;
  for (const std::string& name : matrices) made.push_back(loader.bulk_linear(name, 256, 64, false)(x));
  made.push_back(loader.tensor("norm", {256}));
  made.push_back(loader.tensor("table", {64, 256}));
  return made;
}

StoredWeight blocks(Encoding encoding) {
  StoredWeight weight{.encoding = encoding, .shape = {64, 256}};
  const EncodingInfo& info = info_of(encoding);
  weight.data = at::randint(0, 0x38, {64, 256 / info.block_values * info.block_bytes}, at::kByte);
  if (encoding == Encoding::kNVFP4 || encoding == Encoding::kMXFP8) {
    weight.block_scale =
        at::full({128, encoding == Encoding::kNVFP4 ? 16 : 8}, encoding == Encoding::kNVFP4 ? 0x38 : 125, at::kByte);
  }
  if (encoding == Encoding::kNVFP4) weight.scale = at::full({}, 0.25F);
  return weight;
}

TEST_CASE("the host copies each byte of a weight to the device once, and neither checks nor converts it") {
  at::manual_seed(8);
  Model model;
  const at::Tensor numbers = at::randn({64, 256});
  std::vector<std::string> matrices;
  const auto add = [&](const std::string& name, StoredWeight weight) {
    matrices.push_back(name);
    model.add(name + ".weight", std::move(weight));
  };
  add("f32", {.encoding = Encoding::kF32, .shape = {64, 256}, .data = numbers});
  add("f16", {.encoding = Encoding::kF16, .shape = {64, 256}, .data = numbers.to(at::kHalf)});
  add("bf16", {.encoding = Encoding::kBF16, .shape = {64, 256}, .data = numbers.to(at::kBFloat16)});
  add("fp8", quantise_fp8(numbers));
  add("int8", quantise_int8(numbers));
  StoredWeight scaled = quantise_fp8(numbers);
  scaled.column_scale = at::rand({256}) + 0.5;
  add("columns", scaled);
  for (const Encoding encoding :
       {Encoding::kQ8_0, Encoding::kQ4_1, Encoding::kQ4_K, Encoding::kQ6_K, Encoding::kNVFP4, Encoding::kMXFP8}) {
    add(info_of(encoding).name, blocks(encoding));
  }
  model.add("norm", {.encoding = Encoding::kF32, .shape = {256}, .data = at::randn({256})});
  model.add("table", quantise_fp8(numbers + 1.0));
  const auto dtype = GENERATE(at::kFloat, at::kBFloat16);
  WeightLoader plain(model.on_device, {.dtype = dtype}, WeightLoader::Mode::kLoad);
  const auto expected = results(plain, matrices);

  std::deque<at::Tensor> uploads;
  std::uint64_t stored = 0, copied = 0;
  std::vector<std::string> order;
  for (const std::string& name : matrices) order.push_back(name + ".weight");
  for (const char* name : {"norm", "table"}) order.emplace_back(name);
  for (const std::string& name : order) {
    StoredWeight weight = model.on_device.stored(name);
    stored += weight.bytes();
    for (const at::Tensor* part : parts_of(weight)) uploads.push_back(part->contiguous());
  }
  WeightLoader loader(model.on_host, {.dtype = dtype}, WeightLoader::Mode::kLoad);
  loader.move_by(std::make_unique<KnowingDevice>(std::move(uploads), copied));
  const auto made = results(loader, matrices);
  CHECK(loader.problems().empty());
  CHECK(copied == stored);
  REQUIRE(made.size() == expected.size());
  for (std::size_t i = 0; i < made.size(); ++i) {
    INFO(order[i]);
    CHECK(at::equal(made[i], expected[i]));
  }
}

/// A device that copies at once.
class PlainDevice final : public UploadDevice {
 public:
  explicit PlainDevice(std::uint64_t& copied) : copied_(copied) {}
  at::Tensor host_bytes(std::int64_t count) override { return at::zeros({count}, at::kByte); }
  at::Tensor device_memory(const at::Tensor& tensor) override { return at::empty_like(tensor); }
  void begin_copy(at::Tensor& to, const at::Tensor& from) override {
    to.copy_(from);
    copied_ += from.nbytes();
  }
  void mark(std::size_t) override {}
  void wait(std::size_t) override {}

 private:
  std::uint64_t& copied_;
};

TEST_CASE("a part of a fused matrix takes its own blocks' scales along, and no others") {
  at::manual_seed(10);
  const Encoding encoding = GENERATE(Encoding::kNVFP4, Encoding::kMXFP8);
  StoredWeight whole = blocks(encoding);
  whole.shape = {600, 256};
  whole.data = at::randint(0, 0x70, {600, whole.data.size(1)}, at::kByte);
  whole.block_scale = at::randint(100, 120, {640, whole.block_scale.size(1)}, at::kByte);
  test::MemorySource source;
  for (const std::int64_t first : {0, 100, 256, 500}) source.add(std::to_string(first), whole.rows(first, 100));
  std::uint64_t copied = 0;
  WeightLoader plain(source, {}, WeightLoader::Mode::kLoad);
  WeightLoader loader(source, {}, WeightLoader::Mode::kLoad);
  loader.move_by(std::make_unique<PlainDevice>(copied));
  std::uint64_t least = 0;
  for (const std::int64_t first : {0, 100, 256, 500}) {
    INFO(first);
    const std::string name = std::to_string(first);
    CHECK(at::equal(loader.tensor(name, {100, 256}), plain.tensor(name, {100, 256})));
    const std::int64_t tiles = (first + 99) / 128 - first / 128 + 1;
    const std::uint64_t scale = whole.scale.defined() ? whole.scale.nbytes() : 0;
    least += 100 * static_cast<std::uint64_t>(whole.data.size(1)) + scale +
             static_cast<std::uint64_t>(tiles * 128 * whole.block_scale.size(1));
  }
  CHECK(loader.problems().empty());
  CHECK(copied == least);
}

TEST_CASE("what isn't finite on the device is looked for in the file, and its scales are named") {
  test::MemorySource source;
  const auto scaled = [](float scale) {
    StoredWeight weight = blocks(Encoding::kF8E4M3);
    weight.scale = at::full({}, scale);
    return weight;
  };
  StoredWeight bad_blocks = blocks(Encoding::kNVFP4);
  bad_blocks.block_scale[0][0] = 0x7F;
  StoredWeight bad_half = blocks(Encoding::kQ8_0);
  bad_half.data[63][1] = 0x7C;  // fp16 infinity, with the byte before it 0
  bad_half.data[63][0] = 0;
  source.add("large.weight", scaled(1e20F));  // suspicious, and finite
  source.add("good.weight", scaled(0.5F));
  source.add("scale.weight", scaled(std::numeric_limits<float>::infinity()));
  source.add("blocks.weight", bad_blocks);
  source.add("half.weight", bad_half);
  std::uint64_t copied = 0;
  WeightLoader loader(source, {}, WeightLoader::Mode::kLoad);
  loader.move_by(std::make_unique<PlainDevice>(copied));
  for (const char* name : {"large", "good"}) loader.bulk_linear(name, 256, 64, false);
  CHECK(loader.problems().not_finite.empty());
  for (const char* name : {"scale", "blocks", "half"}) loader.bulk_linear(name, 256, 64, false);
  const auto bad = loader.problems().not_finite;
  REQUIRE(bad.size() == 3);
  CHECK(bad[0] == "scale.weight");
  CHECK(bad[1].starts_with("blocks.weight's scale"));
  CHECK(bad[2] == "half.weight");
}

}  // namespace
}  // namespace zimage::nn
