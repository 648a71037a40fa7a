#include "pipeline/prompt_cache.h"

#include <ATen/ATen.h>

#include <utility>

namespace zimage {

std::optional<EncodedPrompt> PromptCache::find(const std::string& prompt) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(prompt);
  if (entry == entries_.end() || !entry->second.encoded) return std::nullopt;
  entry->second.used = ++clock_;
  return entry->second.encoded;
}

void PromptCache::add(const std::string& prompt, EncodedPrompt encoded) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[prompt];
  entry.encoded = std::move(encoded);
  entry.used = ++clock_;
  evict(most_unexpected_, true);
  evict(most_, false);
}

void PromptCache::expect(const std::vector<std::string>& prompts) {
  const std::lock_guard lock(mutex_);
  for (const std::string& prompt : prompts) {
    if (entries_[prompt].wanted++ == 0) order_.push_back(prompt);
  }
}

void PromptCache::release(const std::string& prompt) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(prompt);
  if (entry == entries_.end() || entry->second.wanted == 0) return;
  if (--entry->second.wanted == 0) entries_.erase(entry);
}

std::optional<std::string> PromptCache::next_missing() {
  const std::lock_guard lock(mutex_);
  if (bytes(false) >= most_) return std::nullopt;
  while (next_ < order_.size()) {
    const auto entry = entries_.find(order_[next_++]);
    if (entry != entries_.end() && entry->second.wanted > 0 && !entry->second.encoded) return entry->first;
  }
  return std::nullopt;
}

std::size_t PromptCache::bytes(bool unexpected_only) const {
  std::size_t sum = 0;
  for (const auto& [prompt, entry] : entries_) {
    if (!unexpected_only || entry.wanted == 0) sum += entry.bytes();
  }
  return sum;
}

void PromptCache::evict(std::size_t most, bool unexpected_only) {
  for (std::size_t sum = bytes(unexpected_only); sum > most;) {
    auto oldest = entries_.end();
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      const bool mine = !unexpected_only || entry->second.wanted == 0;
      // What is used right now stays.
      if (!mine || !entry->second.encoded || entry->second.used == clock_) continue;
      if (oldest == entries_.end() || entry->second.used < oldest->second.used) oldest = entry;
    }
    if (oldest == entries_.end()) return;
    sum -= oldest->second.bytes();
    oldest->second.encoded.reset();
    if (oldest->second.wanted == 0) entries_.erase(oldest);
  }
}

}  // namespace zimage
