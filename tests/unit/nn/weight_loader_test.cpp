#include "nn/weight_loader.h"

#include <ATen/ATen.h>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "nn/finite.h"
#include "support/catch.h"
#include "support/files.h"
#include "weights/open_weights.h"
#include "zimage/error.h"

namespace zimage::nn {
namespace {

/// Holds weights in memory.
class MemorySource final : public WeightSource {
 public:
  void add(const std::string& name, const at::Tensor& tensor) {
    tensors_[name] = tensor;
    const Encoding encoding = tensor.scalar_type() == at::kFloat  ? Encoding::kF32
                              : tensor.scalar_type() == at::kHalf ? Encoding::kF16
                                                                  : Encoding::kBF16;
    infos_[name] = {.shape = tensor.sizes().vec(), .encoding = encoding, .bytes = tensor.nbytes(), .file = "memory"};
  }
  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, tensor] : tensors_) names.push_back(name);
    return names;
  }
  const WeightInfo* find(const std::string& name) const override {
    const auto it = infos_.find(name);
    return it == infos_.end() ? nullptr : &it->second;
  }
  StoredWeight stored(const std::string& name) const override {
    const WeightInfo& info = infos_.at(name);
    return {.encoding = info.encoding, .shape = info.shape, .data = tensors_.at(name)};
  }
  void release(const std::string& name) const override { released.push_back(name); }
  std::string description() const override { return "memory"; }
  std::vector<std::filesystem::path> files() const override { return {}; }

  mutable std::vector<std::string> released;

 private:
  std::map<std::string, at::Tensor> tensors_;
  std::map<std::string, WeightInfo> infos_;
};

constexpr auto kLoad = WeightLoader::Mode::kLoad;

TEST_CASE("loading can be cancelled before any weight, and checking never asks") {
  MemorySource source;
  for (const char* name : {"a", "b", "c"}) source.add(name, at::ones({1, 1}));
  int asked = 0;
  const auto check = [&] {
    if (++asked == 3) throw Error(ErrorCode::kInterrupted, "enough");
  };
  WeightLoader loader(source, {}, kLoad);
  loader.check_before_each(check);
  loader.tensor("a", {1, 1});
  loader.table("b", 1, 1);
  CHECK_THROWS_AS(loader.tensor("c", {1, 1}), Error);
  CHECK(asked == 3);
  WeightLoader checker(source, {}, WeightLoader::Mode::kCheck);
  checker.check_before_each(check);
  checker.tensor("a", {1, 1});
  CHECK(asked == 3);
}

TEST_CASE("all problems are found at once, and known unused names are none") {
  MemorySource source;
  source.add("fits", at::ones({2, 3}));
  source.add("turned", at::ones({3, 2}));
  source.add("extra", at::ones({1}));
  source.add("unused.head", at::ones({1}));
  source.add("bad", at::full({4}, std::numeric_limits<float>::quiet_NaN()));
  WeightLoader loader(source, {}, kLoad);
  loader.tensor("fits", {2, 3});
  loader.tensor("turned", {2, 3});
  loader.tensor("absent", {5});
  loader.tensor("bad", {4});
  loader.ignore_prefix("unused.");
  const auto problems = loader.problems();
  CHECK(problems.missing == std::vector<std::string>{"absent"});
  REQUIRE(problems.mis_shaped.size() == 1);
  CHECK(problems.mis_shaped[0] == "turned is [3, 2], should be [2, 3]");
  CHECK(problems.unexpected == std::vector<std::string>{"extra"});
  CHECK(problems.not_finite == std::vector<std::string>{"bad"});
  CHECK(problems.summary(1).find('\n') == std::string::npos);
}

TEST_CASE("a summary cuts long lists and says how many are left") {
  WeightProblems problems;
  for (int i = 0; i < 5; ++i) problems.missing.push_back(std::string("m").append(std::to_string(i)));
  CHECK(problems.summary(2) == "missing: m0, m1 and 3 more");
}

TEST_CASE("if dtype and device fit, the weight is a view of the source") {
  MemorySource source;
  source.add("w", at::ones({8, 8}));
  source.add("b", at::ones({8, 8}, at::kBFloat16));
  WeightLoader loader(source, {}, kLoad);
  CHECK(loader.tensor("w", {8, 8}).data_ptr() == source.stored("w").data.data_ptr());
  CHECK(loader.tensor("b", {8, 8}).scalar_type() == at::kFloat);
  CHECK(loader.table("b", 8, 8).rows({7, 0}).scalar_type() == at::kBFloat16);
  CHECK(loader.parameters() == 192);
}

TEST_CASE("checking reads no weight") {
  MemorySource source;
  source.add("w", at::full({2}, std::numeric_limits<float>::infinity()));
  WeightLoader loader(source, {}, WeightLoader::Mode::kCheck);
  CHECK(loader.tensor("w", {2}).is_meta());
  CHECK(loader.problems().empty());
}

TEST_CASE("loading reports its bytes, at first and after each weight") {
  MemorySource source;
  source.add("w", at::ones({8, 8}));
  source.add("b", at::ones({4, 4}, at::kBFloat16));
  source.add("unasked", at::ones({100}));
  std::vector<std::pair<std::uint64_t, std::uint64_t>> told;
  WeightLoader loader(source, {}, kLoad);
  loader.report_to([&](std::uint64_t bytes, std::uint64_t total) { told.emplace_back(bytes, total); });
  const auto load = [](WeightLoader& weights) {
    weights.table("b", 4, 4);
    weights.tensor("w", {8, 8});
    weights.tensor("absent", {1});
  };
  loader.plan_by(load);
  load(loader);
  CHECK(told == std::vector<std::pair<std::uint64_t, std::uint64_t>>{{0, 288}, {32, 288}, {288, 288}});
  CHECK(source.released == std::vector<std::string>{"b"});
  CHECK(loader.parameters() == 80);
}

TEST_CASE("a file that became shorter since it was opened is an error that names it") {
  const test::TemporaryFolder folder;
  const std::vector<float> values(50'000, 1.0F);
  test::write(folder / "w.safetensors", test::safetensors_of({{"a", values}, {"b", values}}));
  const auto source = open_weights(folder / "w.safetensors").weights;
  std::filesystem::resize_file(folder / "w.safetensors", 250'000);
  WeightLoader loader(*source, {}, kLoad);
  const auto load = [](WeightLoader& weights) {
    weights.tensor("a", {50'000});
    weights.tensor("b", {50'000});
  };
  loader.plan_by(load);
  const auto error = test::error_of([&] { load(loader); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kModel);
  CHECK(error->message().find("w.safetensors can't be read") != std::string::npos);
}

TEST_CASE("a weight that isn't finite is named, however it is copied") {
  MemorySource source;
  for (const char* name : {"f.weight", "f.bias"}) source.add(name, at::ones({64, 64}));
  for (const char* name : {"b.weight", "b.bias"}) source.add(name, at::ones({64, 64}, at::kBFloat16));
  for (const char* name : {"f.weight", "b.weight", "b.bias", "f.bias"}) {
    source.stored(name).data[63][63] = std::numeric_limits<float>::infinity();
  }
  const bool packed = GENERATE(false, true);
  const auto dtype = GENERATE(at::kFloat, at::kBFloat16);
  if (packed && dtype == at::kBFloat16) return;
  WeightLoader loader(source, {at::kCPU, dtype, packed}, kLoad);
  loader.linear("f", 64, 64, false);
  loader.row_linear("b", 64, 64, false);
  loader.tensor("f.bias", {64, 64});
  loader.tensor("b.bias", {64, 64});
  CHECK(loader.problems().not_finite == std::vector<std::string>{"f.weight", "b.weight", "f.bias", "b.bias"});
}

TEST_CASE("what is packed or copied to be packed beside is a copy, and its stored bytes are released") {
  REQUIRE(packing_available());
  MemorySource source;
  source.add("l.weight", at::randn({8, 8}));
  source.add("r.weight", at::randn({8, 8}));
  source.add("t", at::randn({8, 8}));
  WeightLoader loader(source, {at::kCPU, at::kFloat, true}, kLoad);
  loader.linear("l", 8, 8, false);
  const Linear row = loader.row_linear("r", 8, 8, false);
  const at::Tensor tensor = loader.tensor("t", {8, 8});
  CHECK(source.released == std::vector<std::string>{"l.weight", "r.weight", "t"});
  const at::Tensor before = tensor.clone();
  source.stored("t").data.zero_();
  CHECK(at::equal(tensor, before));
  const at::Tensor product = row(at::ones({1, 8}));
  source.stored("r.weight").data.zero_();
  CHECK(at::equal(row(at::ones({1, 8})), product));
}

TEST_CASE("a device is asked once whether all is finite, and only then the weight is looked for") {
  MemorySource source;
  for (const char* name : {"a", "b", "c"}) source.add(name, at::ones({16, 16}, at::kBFloat16));
  const bool damaged = GENERATE(false, true);
  if (damaged) source.stored("b").data[3][5] = std::numeric_limits<float>::quiet_NaN();
  WeightLoader loader(source, {}, kLoad);
  loader.check_after_moving();
  for (const char* name : {"a", "b", "c"}) loader.tensor(name, {16, 16});
  CHECK(source.released == std::vector<std::string>{"a", "b", "c"});
  CHECK(loader.problems().not_finite == (damaged ? std::vector<std::string>{"b"} : std::vector<std::string>{}));
  CHECK(source.released.size() == (damaged ? 6 : 3));
}

TEST_CASE("a flag of many tensors knows a single bad value") {
  const auto dtype = GENERATE(at::kFloat, at::kHalf, at::kBFloat16);
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {infinity, -infinity, std::numeric_limits<double>::quiet_NaN()}) {
    FiniteFlag flag;
    CHECK(flag.finite());
    flag.add(at::randn({3, 50}).to(dtype));
    flag.add(at::empty({0}, dtype));
    flag.add(at::tensor({-65504.0, 65504.0}).to(dtype));
    if (dtype != at::kHalf) flag.add(at::tensor({-3.38e38, 3.38e38}).to(dtype));
    CHECK(flag.finite());
    at::Tensor values = at::randn({7, 9}).to(dtype);
    values[6][8] = bad;
    flag.add(values);
    flag.add(at::ones({2}, dtype));
    CHECK_FALSE(flag.finite());
  }
}

TEST_CASE("a packed linear multiplies like a dense one, and keeps no reference to the source") {
  REQUIRE(packing_available());
  MemorySource source;
  source.add("l.weight", at::randn({90, 64}));
  source.add("l.bias", at::randn({90}));
  WeightLoader dense(source, {}, kLoad);
  WeightLoader packed(source, {at::kCPU, at::kFloat, true}, kLoad);
  const Linear a = dense.linear("l", 64, 90, true);
  const Linear b = packed.linear("l", 64, 90, true);
  CHECK(b.bias.data_ptr() != source.stored("l.bias").data.data_ptr());
  for (const std::int64_t rows : {1, 5, 96}) {
    const at::Tensor x = at::randn({1, rows, 64});
    CHECK(((a(x) - b(x)).norm() / a(x).norm()).item<double>() < 1e-6);
  }
  source.stored("l.weight").data.zero_();
  CHECK(b(at::ones({1, 1, 64})).abs().sum().item<double>() > 100.0);
}

TEST_CASE("a bf16 weight is packed too, whatever it is stored as, but not a layer of one row") {
  if (!packing_available(at::kBFloat16)) return;
  const auto stored = GENERATE(at::kFloat, at::kBFloat16);
  MemorySource source;
  source.add("l.weight", at::randn({90, 64}).to(at::kBFloat16).to(stored));
  WeightLoader dense(source, {at::kCPU, at::kBFloat16, false}, kLoad);
  WeightLoader packed(source, {at::kCPU, at::kBFloat16, true}, kLoad);
  const Linear a = dense.linear("l", 64, 90, false);
  const Linear b = packed.linear("l", 64, 90, false);
  const Linear row = packed.row_linear("l", 64, 90, false);
  for (const std::int64_t rows : {1, 5, 96}) {
    const at::Tensor x = at::randn({2, rows, 64}).to(at::kBFloat16);
    const at::Tensor expected = a(x).to(at::kFloat);
    REQUIRE(b(x).scalar_type() == at::kBFloat16);
    CHECK(((expected - b(x).to(at::kFloat)).norm() / expected.norm()).item<double>() < 1e-3);
    CHECK(at::equal(row(x), a(x)));
  }
  source.stored("l.weight").data.zero_();
  CHECK(b(at::ones({1, 1, 64}, at::kBFloat16)).abs().sum().item<double>() > 100.0);
}

TEST_CASE("all_finite detects a single bad value in any dtype") {
  const auto dtype = GENERATE(at::kFloat, at::kHalf, at::kBFloat16);
  at::Tensor values = at::randn({3, 40000}).to(dtype);
  CHECK(all_finite(values));
  values[2][39999] = -std::numeric_limits<double>::infinity();
  CHECK_FALSE(all_finite(values));
  values[2][39999] = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(all_finite(values));
  CHECK(all_finite(at::empty({0}, dtype)));
}

}  // namespace
}  // namespace zimage::nn
