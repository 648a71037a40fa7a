// A source of weights that records what is released and what is read ahead.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weights/weight_source.h"
#include "zimage/error.h"

namespace zimage::test {

/// Serves another source's weights. `read` belongs to the thread that reads ahead until the stream rests.
class RecordingSource final : public WeightSource {
 public:
  explicit RecordingSource(std::shared_ptr<const WeightSource> source) : source_(std::move(source)) {}
  std::vector<std::string> names() const override { return source_->names(); }
  const WeightInfo* find(const std::string& name) const override { return source_->find(name); }
  StoredWeight stored(const std::string& name) const override { return source_->stored(name); }
  void release(const std::string& name) const override {
    released.push_back(name);
    source_->release(name);
  }
  void read_ahead(const std::string& name) const override {
    read.push_back(name);
    if (name == broken) throw Error(ErrorCode::kModel, "can't be read");
    source_->read_ahead(name);
  }
  std::string description() const override { return source_->description(); }
  std::vector<std::filesystem::path> files() const override { return source_->files(); }

  mutable std::vector<std::string> released;
  mutable std::vector<std::string> read;
  std::string broken;  ///< the weight that can't be read ahead

 private:
  std::shared_ptr<const WeightSource> source_;
};

}  // namespace zimage::test
