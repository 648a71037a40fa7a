#include "parity/reference.h"

#include <fstream>
#include <limits>
#include <sstream>

#include "support/catch.h"
#include "weights/open_weights.h"

namespace zimage::test {

std::filesystem::path fixtures() { return std::filesystem::path(ZIMAGE_SOURCE_DIR) / "tests" / "fixtures"; }

nlohmann::json read_json(const std::filesystem::path& path) {
  std::ifstream file(path);
  INFO(path.string());
  REQUIRE(file);
  return nlohmann::json::parse(file);
}

double relative_l2(const at::Tensor& ours, const at::Tensor& reference) {
  if (ours.sizes() != reference.sizes()) return std::numeric_limits<double>::infinity();
  const at::Tensor a = ours.to(at::kDouble);
  const at::Tensor b = reference.to(at::kDouble);
  const double error = ((a - b).norm() / b.norm()).item<double>();
  return std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
}

void Agreement::compare(const std::string& name, const at::Tensor& ours, const at::Tensor& reference) {
  const double error = relative_l2(ours, reference);
  ++count_;
  if (error >= worst_) {
    worst_ = error;
    worst_name_ = name;
  }
}

void Agreement::check(double limit) const {
  CAPTURE(what_, worst_name_, worst_, count_);
  REQUIRE(count_ > 0);
  CHECK(worst_ <= limit);
  CHECK(worst_ >= limit / 100);
}

void Agreement::check_from_above(double limit) const {
  CAPTURE(what_, worst_name_, worst_, count_);
  REQUIRE(count_ > 0);
  CHECK(worst_ <= limit);
}

const std::vector<at::Tensor>& TapRecorder::all(const std::string& name) const {
  INFO(name);
  const auto it = taps_.find(name);
  REQUIRE(it != taps_.end());
  return it->second;
}

void require_no_problems(const nn::WeightLoader& loader) {
  INFO(loader.problems().summary(10));
  REQUIRE(loader.problems().empty());
}

ConfigText config_of(const std::filesystem::path& folder) {
  std::ifstream file(folder / "config.json");
  if (!file) return {};
  std::ostringstream text;
  text << file.rdbuf();
  return {(folder / "config.json").string(), text.str()};
}

ModelFixture::ModelFixture(const std::string& name)
    : folder(fixtures() / "models" / name),
      reference(open_weights(folder / "reference.safetensors").weights),
      calls(read_json(folder / "reference.json")) {}

}  // namespace zimage::test
