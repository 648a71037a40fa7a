#include "nn/stream/layer_store.h"

#include <algorithm>

namespace zimage::nn {
namespace {

std::size_t resident_layers(const WeightLoader& weights, std::int64_t count) {
  // Checking loads nothing, so there is nothing to stream.
  if (weights.mode() == WeightLoader::Mode::kCheck) return static_cast<std::size_t>(count);
  return static_cast<std::size_t>(std::clamp<std::int64_t>(weights.placement().resident_layers, 0, count));
}

std::vector<std::string> names_with(const std::string& prefix, const WeightSource& source) {
  std::vector<std::string> names = source.names();
  std::erase_if(names, [&](const std::string& name) { return !name.starts_with(prefix); });
  return names;
}

}  // namespace

LayerLoading::LayerLoading(WeightLoader& weights, const LayerList& list)
    : weights_(weights),
      list_(list),
      placement_(weights.placement()),
      count_(static_cast<std::size_t>(list.count)),
      resident_(resident_layers(weights, list.count)) {
  if (resident_ == count_) return;
  if (placement_.device.is_cpu() && !list_.slot_order) {
    pages_ = std::make_unique<PageMover>(weights.source());
  } else {
    slabs_ = std::make_unique<SlabMover>(placement_.device);
  }
}

LayerLoading::~LayerLoading() { weights_.place(placement_); }

void LayerLoading::begin(std::size_t layer) {
  if (pages_ == nullptr || !streams(layer)) return;
  Placement mapped = placement_;
  mapped.as_stored = true;
  weights_.place(mapped);
}

TensorMap LayerLoading::end(std::size_t layer) {
  if (!streams(layer)) return {};
  // The layer is made on the device as any other, so that it is converted there, and only then moves to the host.
  if (slabs_ != nullptr) return slabs_->add(layer);
  weights_.place(placement_);
  auto names = names_with(prefix(layer) + ".", weights_.source());
  for (const std::string& name : names) weights_.source().release(name);
  pages_->add(layer, std::move(names));
  return {};
}

std::size_t LayerLoading::allocate_slots() {
  if (slabs_ == nullptr) return 0;
  slabs_->allocate(list_.slot_order ? list_.slot_order
                                    : [&] { return beside_work(placement_.device, LayerStream::kSlots); });
  return slabs_->slots();
}

std::unique_ptr<LayerStream> LayerLoading::stream() {
  if (pages_ == nullptr && slabs_ == nullptr) return nullptr;
  std::unique_ptr<LayerMover> mover;
  if (pages_ != nullptr) mover = std::move(pages_);
  if (slabs_ != nullptr) mover = std::move(slabs_);
  return std::make_unique<LayerStream>(count_, resident_, list_.cyclic, std::move(mover));
}

}  // namespace zimage::nn
