// A model's list of layers, of which some may not stay in memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/linear.h"
#include "nn/stream/layer_stream.h"
#include "nn/stream/page_mover.h"
#include "nn/stream/slab_mover.h"
#include "nn/weight_loader.h"

namespace zimage::nn {

/// A list of layers in a model.
struct LayerList {
  std::string group;       ///< the first part of their weights' names: "layers" for "layers.0.…"
  std::int64_t count = 0;  ///< how many there are
  /// After the last layer the first is needed again, as it is in a model that runs once a step.
  bool cyclic = true;
  /// Makes what orders the copies into slots. Empty: as it suits the placement's device; layers on the CPU need no
  /// slots, as they are used where their file is mapped.
  std::function<std::unique_ptr<SlotOrder>()> slot_order{};
};

template <class Layer>
class LayerStore {
 public:
  LayerStore() = default;
  /// Holds all layers.
  explicit LayerStore(std::vector<Layer> layers) : layers_(std::move(layers)) {}

  std::size_t size() const { return layers_.size(); }
  /// Returns a layer, for use until another one is asked for. Asking in order lets the next one arrive meanwhile.
  const Layer& at(std::size_t index) const {
    if (stream_ == nullptr) return layers_[index];
    const auto slot = stream_->need(index);
    return slot && !in_slots_.empty() ? in_slots_[index - stream_->resident()][*slot] : layers_[index];
  }
  /// Lets go of what is streamed, because no layer is asked for in a while.
  void rest() const {
    if (stream_ != nullptr) stream_->rest();
  }
  /// Returns how many bytes were brought to layers that don't stay in memory.
  std::uint64_t moved_bytes() const { return stream_ == nullptr ? 0 : stream_->mover().moved_bytes(); }

 private:
  template <class L, class Load>
  friend LayerStore<L> load_layers(WeightLoader& weights, const LayerList& list, Load load);

  std::vector<Layer> layers_;  ///< those that are streamed through slots hold meta tensors
  std::vector<std::array<Layer, LayerStream::kSlots>> in_slots_;  ///< the same on each slot's tensors
  std::unique_ptr<LayerStream> stream_;                           ///< null: all are resident
};

/// The part of load_layers() that doesn't depend on what a layer is.
class LayerLoading {
 public:
  LayerLoading(WeightLoader& weights, const LayerList& list);
  ~LayerLoading();
  LayerLoading(const LayerLoading&) = delete;
  LayerLoading& operator=(const LayerLoading&) = delete;

  bool streams(std::size_t layer) const { return layer >= resident_; }
  std::string prefix(std::size_t layer) const { return list_.group + "." + std::to_string(layer); }
  /// Call these before and after a layer is loaded. end() returns what the layer's tensors must go through, if
  /// anything.
  void begin(std::size_t layer);
  TensorMap end(std::size_t layer);
  /// Allocates the slots once all layers are loaded, and returns their number; 0: these layers use none.
  std::size_t allocate_slots();
  TensorMap in_slot(std::size_t layer, std::size_t slot) const { return slabs_->in_slot(layer, slot); }
  /// Returns null if all layers are resident.
  std::unique_ptr<LayerStream> stream();

 private:
  WeightLoader& weights_;
  const LayerList& list_;
  Placement placement_;  ///< the loader's own
  std::size_t count_;
  std::size_t resident_;
  std::unique_ptr<PageMover> pages_;
  std::unique_ptr<SlabMover> slabs_;
};

/// Loads a list of layers, of which the placement says how many stay in memory; `load(prefix, index)` loads one.
/// A streamed layer on the CPU refers to the source, which must outlive the store.
template <class Layer, class Load>
LayerStore<Layer> load_layers(WeightLoader& weights, const LayerList& list, Load load) {
  LayerStore<Layer> store;
  LayerLoading loading(weights, list);
  for (std::size_t i = 0; i < static_cast<std::size_t>(list.count); ++i) {
    loading.begin(i);
    store.layers_.push_back(load(loading.prefix(i), i));
    if (const TensorMap map = loading.end(i)) store.layers_.back().map_tensors(map);
  }
  const std::size_t slots = loading.allocate_slots();
  for (std::size_t i = 0; slots > 0 && i < store.size(); ++i) {
    if (!loading.streams(i)) continue;
    auto& views = store.in_slots_.emplace_back();
    for (std::size_t slot = 0; slot < slots; ++slot) {
      views[slot] = store.layers_[i];
      views[slot].map_tensors(loading.in_slot(i, slot));
    }
  }
  store.stream_ = loading.stream();
  return store;
}

}  // namespace zimage::nn
