#include "pipeline/prompt_cache.h"

#include <ATen/ATen.h>

#include <utility>

namespace zimage {

std::optional<EncodedPrompt> PromptCache::find(const std::string& prompt) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(prompt);
  if (entry == entries_.end()) return std::nullopt;
  entry->second.used = ++clock_;
  return entry->second.encoded;
}

void PromptCache::add(const std::string& prompt, EncodedPrompt encoded) {
  const std::lock_guard lock(mutex_);
  entries_.insert_or_assign(prompt, Entry{std::move(encoded), ++clock_});
  evict(most_unexpected_, true);
  evict(most_, false);
}

void PromptCache::expect(const std::vector<std::string>& prompts) {
  const std::lock_guard lock(mutex_);
  for (const std::string& prompt : prompts) {
    if (wanted_[prompt]++ == 0) order_.push_back(prompt);
  }
}

void PromptCache::release(const std::string& prompt) {
  const std::lock_guard lock(mutex_);
  const auto wanted = wanted_.find(prompt);
  if (wanted == wanted_.end() || --wanted->second > 0) return;
  wanted_.erase(wanted);
  entries_.erase(prompt);
}

std::optional<std::string> PromptCache::next_missing() {
  const std::lock_guard lock(mutex_);
  if (bytes(false) >= most_) return std::nullopt;
  while (next_ < order_.size()) {
    const std::string& prompt = order_[next_++];
    if (wanted(prompt) && entries_.count(prompt) == 0) return prompt;
  }
  return std::nullopt;
}

std::size_t PromptCache::bytes(bool unexpected_only) const {
  std::size_t sum = 0;
  for (const auto& [prompt, entry] : entries_) {
    if (!unexpected_only || !wanted(prompt)) sum += entry.encoded.embeds.nbytes();
  }
  return sum;
}

void PromptCache::evict(std::size_t most, bool unexpected_only) {
  for (std::size_t sum = bytes(unexpected_only); sum > most;) {
    auto oldest = entries_.end();
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      // The entry that was used last stays.
      if (entry->second.used == clock_ || (unexpected_only && wanted(entry->first))) continue;
      if (oldest == entries_.end() || entry->second.used < oldest->second.used) oldest = entry;
    }
    if (oldest == entries_.end()) return;
    sum -= oldest->second.encoded.embeds.nbytes();
    entries_.erase(oldest);
  }
}

}  // namespace zimage
