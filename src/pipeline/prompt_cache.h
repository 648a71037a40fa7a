// Embeddings of prompts, kept while a run may want them again.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace zimage {

struct EncodedPrompt {
  at::Tensor embeds;  ///< [1, L, cap_feat_dim], in the host's memory
  std::int64_t tokens = 0;
};

/// Prompts that were said to be expected are kept until the last run that wants them is over; others as long as there
/// is room, those least recently used going first. Every function may be called on any thread.
class PromptCache {
 public:
  /// At most `most_unexpected` bytes of embeddings that no run is known to want, and `most` bytes in all; what was
  /// added last stays whatever its size.
  PromptCache(std::size_t most_unexpected, std::size_t most) : most_unexpected_(most_unexpected), most_(most) {}

  std::optional<EncodedPrompt> find(const std::string& prompt);
  void add(const std::string& prompt, EncodedPrompt encoded);

  /// The prompts of runs to come, in their order, as often as runs want them; in addition to those said before.
  void expect(const std::vector<std::string>& prompts);
  /// One run fewer wants this prompt; nothing where none is known to. After the last it is forgotten.
  void release(const std::string& prompt);
  /// The next expected prompt that isn't here; nothing if all are, or there is no room for more.
  std::optional<std::string> next_missing();

 private:
  struct Entry {
    EncodedPrompt encoded;
    std::uint64_t used = 0;  ///< when, by `clock_`
  };

  bool wanted(const std::string& prompt) const { return wanted_.count(prompt) > 0; }
  std::size_t bytes(bool unexpected_only) const;
  void evict(std::size_t most, bool unexpected_only);

  const std::size_t most_unexpected_;
  const std::size_t most_;
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;       ///< what is here; much fewer than are expected, in a long batch
  std::map<std::string, std::size_t> wanted_;  ///< by how many runs to come
  std::vector<std::string> order_;             ///< expected prompts, each once
  std::size_t next_ = 0;                       ///< in `order_`: those before were encoded, or given up
  std::uint64_t clock_ = 0;
};

}  // namespace zimage
