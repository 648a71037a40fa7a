#include "nn/stream/slab_mover.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace zimage::nn {
namespace {

HostStore::Range whole(const std::vector<HostStore::Range>& tensors) {
  return tensors.empty() ? HostStore::Range{} : HostStore::Range{tensors.front().begin, tensors.back().end};
}

}  // namespace

TensorMap SlabMover::add(std::size_t layer) {
  return [this, &tensors = layers_[layer]](const at::Tensor& tensor) {
    tensors.push_back(host_.append(tensor));
    return at::empty(tensor.sizes(), tensor.options().device(at::kMeta));
  };
}

void SlabMover::allocate(const std::function<std::unique_ptr<SlotOrder>()>& order) {
  std::int64_t largest = 0;
  for (const auto& [layer, tensors] : layers_) largest = std::max(largest, whole(tensors).bytes());
  const std::size_t slots = std::min(LayerStream::kSlots, layers_.size());
  for (std::size_t slot = 0; slot < slots; ++slot) {
    slots_.push_back(at::empty({largest}, at::TensorOptions(at::kByte).device(device_)));
  }
  order_ = order();
}

TensorMap SlabMover::in_slot(std::size_t layer, std::size_t slot) const {
  return [this, &tensors = layers_.at(layer), slot, next = std::size_t{0}](const at::Tensor& tensor) mutable {
    const HostStore::Range range = tensors.at(next++);
    const at::Tensor bytes = slots_.at(slot).narrow(0, range.begin - tensors.front().begin, range.bytes());
    return bytes.view(tensor.scalar_type()).view(tensor.sizes());
  };
}

void SlabMover::begin(std::size_t layer, std::size_t slot) {
  const HostStore::Range range = whole(layers_.at(layer));
  order_->copy(slot, [&] { host_.copy_to(slots_[slot], range); });
  moved_ += static_cast<std::uint64_t>(range.bytes());
}

std::uint64_t SlabMover::slot_bytes() const {
  std::uint64_t sum = 0;
  for (const at::Tensor& slot : slots_) sum += slot.nbytes();
  return sum;
}

}  // namespace zimage::nn
