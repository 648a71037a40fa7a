// `inspect`: says what a file of weights is, and whether it would load.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "zimage/memory.h"

namespace zimage {

/// The weights of a file that have the same encoding.
struct EncodingCount {
  std::string name;  ///< "bf16", "int8 (convrot 256)", "Q4_K"
  std::size_t tensors = 0;
  std::uint64_t bytes = 0;  ///< scales included
};

/// What a LoRA changes, and how.
struct LoraFacts {
  std::string kinds{};          ///< "LoRA", "LoKr + differences"
  std::int64_t least_rank = 0;  ///< 0: nothing in it has a rank
  std::int64_t most_rank = 0;
  std::optional<double> least_alpha{};  ///< alpha, or what follows from the scale; empty: nothing has a rank
  std::optional<double> most_alpha{};
  std::size_t layers = 0;                                      ///< how many linear layers it changes
  std::vector<std::pair<std::string, std::size_t>> touches{};  ///< the same by the kind of layer: "attention", 120
  std::vector<std::string> unmatched{};                        ///< keys that fit no weight of a Z-Image DiT
};

/// The findings about one file or folder.
struct FileReport {
  std::filesystem::path path{};
  std::string kind{};    ///< "dit", "text_encoder", "vae", "controlnet", "lora", "bundle", "look_alike", "unknown"
  std::string what{};    ///< a phrase with its article: "a Z-Image DiT"
  std::string format{};  ///< "safetensors" or "GGUF"; empty if the file can't be read
  std::uint64_t bytes = 0;
  std::string variant{};         ///< of a DiT: "turbo", "base"
  std::string variant_reason{};  ///< where that is known from
  std::string version{};         ///< of a ControlNet: "2.1"
  int layers = 0;
  int width = 0;
  std::int64_t parameters = 0;
  std::vector<EncodingCount> encodings{};  ///< the largest first
  std::optional<LoraFacts> lora{};
  std::uint64_t memory_bytes = 0;          ///< what its weights take in a run on this machine
  std::string memory_dtype{};              ///< the dtype of that run, for weights that aren't quantised: "fp32"
  std::optional<MemorySummary> memory{};   ///< of a DiT: usual_memory()
  std::vector<std::string> needs{};        ///< the parts that a run needs besides: "a Qwen3 text encoder"
  std::vector<std::string> problems{};     ///< why it would not load; empty: it would
  bool checked = false;                    ///< the numbers were read too
  std::vector<std::string> not_finite{};   ///< weights with NaN or infinity
  std::vector<std::string> zero_scales{};  ///< weights with a scale of zero

  bool usable() const { return problems.empty() && not_finite.empty() && zero_scales.empty(); }
};

/// Lists what is to be inspected: files as they are; of a folder that is a part or a whole model, the folder itself; of
/// any other folder, the files of weights in it and below it, in order of their names.
std::vector<std::filesystem::path> list_inspected(const std::filesystem::path& path);

/// Looks at a file or a model's folder. With `check`, every weight is read, and `before_each`, which may be empty, is
/// called before each; it throws kInterrupted to give up. Whatever else is wrong is in the report.
FileReport inspect_path(const std::filesystem::path& path, bool check, const std::function<void()>& before_each);

}  // namespace zimage
