// Keeps the embeddings of prompts while a run may need them again.
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

/// A cache of encoded prompts. Expected prompts are kept until the last run that needs them is over; others while there
/// is room, and the least recently used go first. Every function may be called on any thread.
class PromptCache {
 public:
  /// Keeps at most `most_unexpected` bytes of embeddings that no coming run is known to need, and `most` bytes in all;
  /// the prompt added last stays whatever its size.
  PromptCache(std::size_t most_unexpected, std::size_t most) : most_unexpected_(most_unexpected), most_(most) {}

  std::optional<EncodedPrompt> find(const std::string& prompt);
  void add(const std::string& prompt, EncodedPrompt encoded);

  /// Adds the prompts of coming runs to those expected, in order, once for each run that needs them.
  void expect(const std::vector<std::string>& prompts);
  /// Says that one run that needs this prompt is over. After the last one the prompt is dropped. Does nothing for a
  /// prompt that wasn't expected.
  void release(const std::string& prompt);
  /// Returns the next expected prompt that isn't cached; nothing if all are, or if there is no room for more.
  std::optional<std::string> next_missing();

 private:
  struct Entry {
    EncodedPrompt encoded;
    std::uint64_t used = 0;  ///< `clock_` at its last use
  };

  bool wanted(const std::string& prompt) const { return wanted_.count(prompt) > 0; }
  std::size_t bytes(bool unexpected_only) const;
  void evict(std::size_t most, bool unexpected_only);

  const std::size_t most_unexpected_;
  const std::size_t most_;
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;       ///< in a long batch far fewer than are expected
  std::map<std::string, std::size_t> wanted_;  ///< how many coming runs need each prompt
  std::vector<std::string> order_;             ///< expected prompts, each once
  std::size_t next_ = 0;                       ///< index into `order_`; earlier ones were encoded or released
  std::uint64_t clock_ = 0;
};

}  // namespace zimage
