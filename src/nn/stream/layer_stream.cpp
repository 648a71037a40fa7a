#include "nn/stream/layer_stream.h"

#include <algorithm>
#include <utility>

namespace zimage::nn {
namespace {

bool contains(const std::vector<std::size_t>& layers, std::size_t layer) {
  return std::find(layers.begin(), layers.end(), layer) != layers.end();
}

}  // namespace

LayerStream::LayerStream(std::size_t layers, std::size_t resident, bool cyclic, std::unique_ptr<LayerMover> mover)
    : layers_(layers), resident_(std::min(resident, layers)), cyclic_(cyclic), mover_(std::move(mover)) {}

std::optional<std::size_t> LayerStream::slot_of(std::size_t layer) const {
  const auto place = std::find(held_.begin(), held_.end(), std::optional(layer));
  if (place == held_.end()) return std::nullopt;
  return static_cast<std::size_t>(place - held_.begin());
}

std::vector<std::size_t> LayerStream::upcoming(std::size_t layer) const {
  std::vector<std::size_t> list;
  const std::size_t most = std::min(kSlots, layers_ - resident_);
  for (std::size_t next = std::max(layer, resident_); list.size() < most; ++next) {
    if (next == layers_) {
      if (!cyclic_) break;
      next = resident_;
    }
    list.push_back(next);
  }
  return list;
}

void LayerStream::empty(std::size_t slot) {
  if (!held_[slot]) return;
  const std::size_t layer = *std::exchange(held_[slot], std::nullopt);
  mover_->drop(layer, slot);
}

void LayerStream::bring(std::size_t layer, const std::vector<std::size_t>& wanted) {
  // Fewer than kSlots other layers are wanted, so there is such a slot; the one in use holds a wanted layer.
  const auto unwanted = [&](const auto& held) { return !held || !contains(wanted, *held); };
  const auto slot = static_cast<std::size_t>(std::find_if(held_.begin(), held_.end(), unwanted) - held_.begin());
  empty(slot);
  mover_->begin(layer, slot);
  held_[slot] = layer;
}

void LayerStream::finish() {
  if (!in_use_) return;
  const std::size_t slot = *std::exchange(in_use_, std::nullopt);
  mover_->finished(*held_[slot], slot);
}

std::optional<std::size_t> LayerStream::need(std::size_t layer) {
  if (in_use_ && held_[*in_use_] == layer) return in_use_;
  finish();
  const auto wanted = upcoming(layer);
  for (const std::size_t next : wanted) {
    if (!slot_of(next)) bring(next, wanted);
  }
  if (layer < resident_) return std::nullopt;
  const std::size_t slot = *slot_of(layer);
  try {
    mover_->wait(layer, slot);
  } catch (...) {
    empty(slot);  // it didn't arrive, so whoever asks again begins it again
    throw;
  }
  in_use_ = slot;
  return slot;
}

void LayerStream::rest() {
  finish();
  for (std::size_t slot = 0; slot < kSlots; ++slot) empty(slot);
}

}  // namespace zimage::nn
