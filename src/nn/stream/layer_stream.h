// The order in which layers that don't stay in memory come and go. It knows neither tensors nor devices.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace zimage::nn {

/// Brings layers into slots. What a slot is depends on the backend: memory of a device, or just the right to have a
/// layer's pages of the mapped file in memory.
class LayerMover {
 public:
  virtual ~LayerMover() = default;
  /// Begins to bring a layer into a slot that holds none, and returns before it is there. The slot's last layer may
  /// still be at work on a device; finished() was called for it.
  virtual void begin(std::size_t layer, std::size_t slot) = 0;
  /// What is computed from now on needs the layer. Throws if it couldn't be brought.
  virtual void wait(std::size_t layer, std::size_t slot) = 0;
  /// Everything that needs the layer was started. The slot goes on holding it.
  virtual void finished(std::size_t layer, std::size_t slot) = 0;
  /// The slot no longer holds the layer, which may not even have arrived.
  virtual void drop(std::size_t layer, std::size_t slot) = 0;
  /// Returns how many bytes were brought so far.
  virtual std::uint64_t moved_bytes() const = 0;
};

/// Says at each layer that is needed which others should come: with two slots, one layer computes while the next
/// arrives. Nothing is assumed of the order in which layers are asked for; forwards may end early.
class LayerStream {
 public:
  static constexpr std::size_t kSlots = 2;

  /// Of `layers` layers, all but the first `resident` are brought by `mover`. `cyclic`: after the last layer the first
  /// is needed again, so it comes while the last computes.
  LayerStream(std::size_t layers, std::size_t resident, bool cyclic, std::unique_ptr<LayerMover> mover);

  /// Makes a layer usable, until another one is needed. Returns its slot, or nothing if it is resident.
  std::optional<std::size_t> need(std::size_t layer);
  /// Empties the slots, because no layer is needed for a while.
  void rest();

  std::size_t resident() const { return resident_; }
  const LayerMover& mover() const { return *mover_; }

 private:
  std::optional<std::size_t> slot_of(std::size_t layer) const;
  /// Returns the streamed layers that are needed from `layer` on, in order; so many as there are slots at most.
  std::vector<std::size_t> upcoming(std::size_t layer) const;
  /// Begins to bring a layer into a slot that holds none of `wanted`.
  void bring(std::size_t layer, const std::vector<std::size_t>& wanted);
  void finish();
  void empty(std::size_t slot);

  std::size_t layers_;
  std::size_t resident_;
  bool cyclic_;
  std::unique_ptr<LayerMover> mover_;
  std::array<std::optional<std::size_t>, kSlots> held_;  ///< the layer of each slot, arrived or on its way
  std::optional<std::size_t> in_use_;                    ///< the slot whose layer was needed last
};

}  // namespace zimage::nn
