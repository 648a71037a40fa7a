// Decides what stays in memory, what is loaded when and what is streamed, from sizes alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "zimage/memory.h"

namespace zimage {

/// What a group of weights takes, by what may become of them.
struct WeightGroup {
  std::uint64_t values = 0;       ///< numbers that are held in the compute dtype: dense, and not of a bulk linear layer
  std::uint64_t bulk_values = 0;  ///< dense numbers of the layers that int8 and fp8 products apply to
  std::uint64_t dense_bytes = 0;  ///< what both take in the file
  std::uint64_t quantised_bytes = 0;   ///< what quantised weights take in the file
  std::uint64_t quantised_values = 0;  ///< how many numbers those stand for

  WeightGroup& operator+=(const WeightGroup& other);
};

/// What the weights of a part of the model take.
struct PartWeights {
  WeightGroup fixed{};    ///< what is outside its main layers
  WeightGroup layers{};   ///< all main layers
  WeightGroup largest{};  ///< its largest main layer
  std::int64_t layer_count = 0;
  bool no_file = false;  ///< no file can be read again, so that streaming a layer frees nothing
};

/// Returns how many numbers a part's weights stand for.
std::uint64_t count_numbers(const PartWeights& part);

/// How weights are held while they are in memory.
enum class Holding {
  kConverted,  ///< in the compute dtype; quantised ones as they are
  kStored,     ///< all as they are in the file, converted a panel at a time
  kInt8,       ///< bulk linear layers in int8, the rest in the compute dtype
  kFp8         ///< the same in fp8
};

/// Bytes that the stages take besides weights.
struct StageWork {
  std::uint64_t prompt = 0;
  std::uint64_t forward = 0;
  std::uint64_t encode = 0, decode = 0;                ///< the VAE with whole maps
  std::uint64_t encode_strips = 0, decode_strips = 0;  ///< the VAE in strips
};

struct MemoryNeed {
  PartWeights text_encoder, dit, controlnet, vae;
  std::uint64_t dtype_bytes = 4;  ///< of the compute dtype
  /// What the bulk layers of the DiT and the ControlNet are held in while there is room: kConverted, kInt8 or kFp8.
  Holding bulk = Holding::kConverted;
  bool prefers_strips = false;  ///< the VAE works in strips even where whole maps fit: large ones are faster so
  StageWork work;
  /// What the process takes in the host's memory: libtorch, its threads and oneDNN's kernels, the tokenizer, and
  /// pictures of common sizes. Measured: 0.12 GB before a weight is read, 0.2 to 0.3 GB in a run.
  std::uint64_t process = 250'000'000;
  /// What the device's libraries take of its memory: CUDA's context, and the workspaces of cuBLAS and cuDNN. An
  /// estimate: nothing was measured on a device.
  std::uint64_t device_base = 700'000'000;
  /// What is read ahead while weights are converted.
  std::uint64_t loading = std::uint64_t{256} << 20;
};

/// What the run may take. `device` is empty if the CPU computes.
struct MachineMemory {
  std::uint64_t host = 0;
  std::optional<std::uint64_t> device{};
};

struct MemoryPlan {
  bool keep_text_encoder = false;        ///< it stays beside the other parts once the prompt is encoded
  bool keep_dit = false;                 ///< the DiT and the ControlNet stay while the VAE works
  bool text_encoder_beside_dit = false;  ///< they need not leave when another prompt comes
  /// The DiT and the VAE may come while the prompt is encoded: no more is there then than in the stage that takes most.
  bool dit_beside_prompt = false;
  bool vae_strips = false;                ///< the VAE works in strips of rows
  Holding holding = Holding::kConverted;  ///< of the DiT and the ControlNet
  std::int64_t text_encoder_layers = 0;   ///< how many of the main layers are resident; the others are streamed
  std::int64_t dit_layers = 0;
  std::int64_t controlnet_layers = 0;
  MemorySummary summary{};  ///< without `dtype_reason`
};

/// Returns the bytes that a group takes in memory.
std::uint64_t held_bytes(const WeightGroup& group, Holding holding, std::uint64_t dtype_bytes);

/// Plans a run. kAuto takes the first of these that leaves a sixteenth of the memory free: everything stays (on the CPU
/// only in half of the memory, because a file that stays cached loads fast); the text encoder leaves; the VAE works in
/// strips; the DiT leaves while the VAE works; the DiT is held as it is stored, if that is smaller; as many layers stay
/// as fit, and the others are streamed. Else it takes the first of these that fits at all, though not the first one on
/// the CPU. Without `summary.fits` none does, and it is the one that lacks least. The VAE works in strips only where
/// that takes less. Pure.
MemoryPlan plan_memory(const MemoryNeed& need, const MachineMemory& machine, Offload offload);

/// Returns the plan with the summary of a run that needs this much.
MemoryPlan with_summary(MemoryPlan plan, const MemoryNeed& need, const MachineMemory& machine);

}  // namespace zimage
