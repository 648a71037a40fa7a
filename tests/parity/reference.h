// The committed reference tensors, and how closely ours must follow them.
#pragma once

#include <ATen/ATen.h>

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/config_json.h"
#include "nn/tap.h"
#include "nn/weight_loader.h"
#include "weights/weight_source.h"

namespace zimage::test {

std::filesystem::path fixtures();
nlohmann::json read_json(const std::filesystem::path& path);

/// Returns ‖a − b‖ / ‖b‖ in fp64, or infinity if the shapes differ.
double relative_l2(const at::Tensor& ours, const at::Tensor& reference);

/// Collects the largest error of a group of comparisons and checks it from both sides at the end, because a limit a
/// hundred times above the measured error would hide a mistake.
class Agreement {
 public:
  explicit Agreement(std::string what) : what_(std::move(what)) {}
  void compare(const std::string& name, const at::Tensor& ours, const at::Tensor& reference);
  /// Fails above `limit`, naming the worst comparison, and below `limit` / 100.
  void check(double limit) const;
  /// Fails only above `limit`: for code that runs the same kernels as the oracle and may equal it to the bit.
  void check_from_above(double limit) const;

 private:
  std::string what_;
  std::string worst_name_;
  double worst_ = 0.0;
  int count_ = 0;
};

/// Collects the taps of everything that runs during its lifetime.
class TapRecorder {
 public:
  TapRecorder() : scope_([this](const std::string& name, const at::Tensor& t) { taps_[name].push_back(t.clone()); }) {}
  const std::vector<at::Tensor>& all(const std::string& name) const;
  const at::Tensor& last(const std::string& name) const { return all(name).back(); }

 private:
  std::map<std::string, std::vector<at::Tensor>> taps_;
  TapScope scope_;
};

void require_no_problems(const nn::WeightLoader& loader);

/// Returns the text of a folder's config.json, or an empty one if there is none.
ConfigText config_of(const std::filesystem::path& folder);

/// Loads a part on the CPU in fp32; a problem with its weights fails the test.
template <class Part, class... Configs>
Part load_part(const WeightSource& source, bool packed, const Configs&... configs) {
  nn::Placement placement;
  placement.packed = packed;
  nn::WeightLoader loader(source, placement, nn::WeightLoader::Mode::kLoad);
  Part part = Part::load(loader, configs...);
  require_no_problems(loader);
  return part;
}

/// A model fixture: its parts' folders and its reference.
struct ModelFixture {
  explicit ModelFixture(const std::string& name);
  at::Tensor tensor(const std::string& name) const { return reference->stored(name).data; }

  std::filesystem::path folder;
  std::shared_ptr<const WeightSource> reference;
  nlohmann::json calls;
};

}  // namespace zimage::test
