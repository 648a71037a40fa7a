#include "nn/weight_loader.h"

#include <ATen/ATen.h>

#include <limits>
#include <map>

#include "nn/finite.h"
#include "support/catch.h"
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
  void release(const std::string&) const override {}
  std::string description() const override { return "memory"; }
  std::vector<std::filesystem::path> files() const override { return {}; }

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
