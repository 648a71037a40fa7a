// A source whose weights have other names, shapes or rows than the file's tensors.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "weights/names/mapped_weight.h"
#include "weights/weight_source.h"

namespace zimage {

class MappedSource final : public WeightSource {
 public:
  /// Serves these weights and no others. Each is a tensor of `file` that exists, or whole rows of one. If several
  /// tensors are the same weight, that weight has a problem which names them, so that none hides another.
  MappedSource(std::shared_ptr<const WeightSource> file, const std::vector<MappedWeight>& weights);

  std::vector<std::string> names() const override;
  const WeightInfo* find(const std::string& name) const override;
  StoredWeight stored(const std::string& name) const override;
  /// Returns the bytes of its own rows, and the scales of all blocks.
  std::vector<ByteRange> ranges(const std::string& name) const override;
  /// Releases the stored tensor. If weights share it, the one with its last rows does so: loaders ask in that order.
  void release(const std::string& name) const override;
  /// Reads the stored tensor ahead. If weights share it, the one with its first rows does so.
  void read_ahead(const std::string& name) const override;
  std::string description() const override { return file_->description(); }
  std::vector<std::filesystem::path> files() const override { return file_->files(); }

 private:
  struct Entry {
    MappedWeight weight;
    WeightInfo info;
  };

  std::shared_ptr<const WeightSource> file_;
  std::map<std::string, Entry> entries_;
};

}  // namespace zimage
