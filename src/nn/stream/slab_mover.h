// Streams layers through fixed slots in a device's memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "nn/linear.h"
#include "nn/stream/host_store.h"
#include "nn/stream/layer_stream.h"
#include "nn/stream/slot_order.h"

namespace zimage::nn {

/// Copies layers from the host into slots ("slabs"), each as large as the largest layer. First add() every layer, then
/// allocate(), then make the layers' tensors with in_slot().
class SlabMover final : public LayerMover {
 public:
  explicit SlabMover(at::Device device) : device_(device), host_(/*pinned=*/device.is_cuda()) {}

  /// Returns a map that copies a layer's tensors to the host, and gives meta tensors for them.
  TensorMap add(std::size_t layer);
  /// Allocates the slots. `order` makes what orders their use once they are there.
  void allocate(const std::function<std::unique_ptr<SlotOrder>()>& order);
  /// Returns a map that gives the layer's tensors in a slot, if it gets those of add() in the same order.
  TensorMap in_slot(std::size_t layer, std::size_t slot) const;

  void begin(std::size_t layer, std::size_t slot) override;
  void wait(std::size_t, std::size_t slot) override { order_->wait(slot); }
  void finished(std::size_t, std::size_t slot) override { order_->used(slot); }
  void drop(std::size_t, std::size_t) override {}
  std::uint64_t moved_bytes() const override { return moved_; }

  std::size_t slots() const { return slots_.size(); }
  /// Returns the size of all slots together.
  std::uint64_t slot_bytes() const;

 private:
  at::Device device_;
  HostStore host_;
  std::map<std::size_t, std::vector<HostStore::Range>> layers_;  ///< each layer's tensors, which are neighbours
  std::vector<at::Tensor> slots_;
  std::unique_ptr<SlotOrder> order_;  ///< it goes first, while the slots are there
  std::uint64_t moved_ = 0;
};

}  // namespace zimage::nn
