// Streams layers on the CPU: they are used where their file is mapped, and only their pages come and go.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nn/stream/layer_stream.h"
#include "weights/weight_source.h"

namespace zimage::nn {

/// Reads the pages of a layer's weights ahead on a thread of its own, in the order of the calls, and releases them when
/// the layer is dropped. wait() waits for the thread: two readers of one file would only disturb each other.
class PageMover final : public LayerMover {
 public:
  /// `source` must outlive the mover.
  explicit PageMover(const WeightSource& source);
  ~PageMover() override;

  /// Adds a layer by the names of its weights. All must be added before the first begin().
  void add(std::size_t layer, std::vector<std::string> weights);

  void begin(std::size_t layer, std::size_t slot) override;
  void wait(std::size_t layer, std::size_t slot) override;
  void finished(std::size_t, std::size_t) override {}
  void drop(std::size_t layer, std::size_t slot) override;
  std::uint64_t moved_bytes() const override;

 private:
  class Reader;
  std::unique_ptr<Reader> reader_;
};

}  // namespace zimage::nn
