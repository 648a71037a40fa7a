#include "weights/weight_map.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace zimage {
namespace {

constexpr std::string_view kTextEncoderPrefix = "model.";

/// A source whose weights are renamed by a table.
class RenamedSource final : public WeightSource {
 public:
  RenamedSource(std::shared_ptr<const WeightSource> source, std::map<std::string, std::string> stored)
      : source_(std::move(source)), stored_(std::move(stored)) {}

  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, stored] : stored_) names.push_back(name);
    return names;
  }
  const WeightInfo* find(const std::string& name) const override {
    const auto it = stored_.find(name);
    return it == stored_.end() ? nullptr : source_->find(it->second);
  }
  at::Tensor tensor(const std::string& name) const override {
    const auto it = stored_.find(name);
    return source_->tensor(it == stored_.end() ? name : it->second);
  }
  void release(const std::string& name) const override {
    const auto it = stored_.find(name);
    source_->release(it == stored_.end() ? name : it->second);
  }
  std::string description() const override { return source_->description(); }
  std::vector<std::filesystem::path> files() const override { return source_->files(); }

 private:
  std::shared_ptr<const WeightSource> source_;
  std::map<std::string, std::string> stored_;  ///< our name → the name in the file
};

}  // namespace

std::shared_ptr<const WeightSource> text_encoder_weights(std::shared_ptr<const WeightSource> source) {
  std::map<std::string, std::string> stored;
  bool prefixed = false;
  for (const auto& name : source->names()) {
    const bool has_prefix = name.starts_with(kTextEncoderPrefix);
    prefixed = prefixed || has_prefix;
    stored.emplace(has_prefix ? name.substr(kTextEncoderPrefix.size()) : name, name);
  }
  // Two spellings of one name would hide a weight, so then the names stay as in the file, and will be reported.
  if (!prefixed || stored.size() != source->names().size()) return source;
  return std::make_shared<RenamedSource>(std::move(source), std::move(stored));
}

}  // namespace zimage
