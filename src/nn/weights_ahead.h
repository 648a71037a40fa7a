// Brings a source's weights into memory before a loader asks for them, and counts how far it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/read_ahead.h"
#include "weights/weight_source.h"

namespace zimage::nn {

class WeightsAhead {
 public:
  /// Begins to read the weights of these names, in this order. Weights that are in no file cost nothing.
  WeightsAhead(const WeightSource& source, const std::vector<std::string>& names);

  /// Waits until a weight is in memory, and calls `poll` meanwhile (see ReadAhead); a weight that wasn't named is left
  /// to whoever touches it. Errors: kModel, naming the file, if the disk fails or the file became shorter.
  void wait(const std::string& name, const std::function<void()>& poll);
  /// Says that a weight was used.
  void used(const std::string& name);

  std::uint64_t bytes_used() const { return used_; }
  std::uint64_t bytes() const { return total_; }

 private:
  struct Item {
    std::size_t number = 0;
    std::uint64_t bytes = 0;  ///< 0 once it was used
  };

  std::map<std::string, Item> items_;
  std::uint64_t total_ = 0;
  std::uint64_t used_ = 0;
  std::unique_ptr<ReadAhead> reader_;
};

}  // namespace zimage::nn
