// The names and shapes of the published Z-Image DiT, for files that are made for it and come without it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "models/controlnet_config.h"
#include "models/dit_config.h"
#include "weights/weight_source.h"

namespace zimage {

/// Returns the sizes of Z-Image and Z-Image-Turbo.
DiTConfig published_dit_config();

/// Returns the sizes of its ControlNet 2.1.
ControlNetConfig published_controlnet_config();

/// Returns the sizes of the DiT that a ControlNet belongs to: the published ones if its width is theirs, else what its
/// own blocks show. Errors: kModel if they don't show it.
DiTConfig base_of_controlnet(const WeightSource& controlnet);

/// The DiT's weights without their numbers: stored() throws.
class PublishedDiT final : public WeightSource {
 public:
  PublishedDiT();
  std::vector<std::string> names() const override;
  const WeightInfo* find(const std::string& name) const override;
  StoredWeight stored(const std::string& name) const override;
  void release(const std::string&) const override {}
  std::string description() const override { return "Z-Image"; }
  std::vector<std::filesystem::path> files() const override { return {}; }

 private:
  void add(const std::string& name, std::vector<std::int64_t> shape);
  void add_linear(const std::string& name, std::int64_t in, std::int64_t out, bool bias);
  void add_block(const std::string& prefix, bool modulated);

  std::map<std::string, WeightInfo> infos_;
};

}  // namespace zimage
