// Counts the bytes that tensors hold, for tests that bound memory without looking at the process.
#pragma once

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace zimage::test {

/// Counts what libtorch's CPU allocator gives out, which also serves oneDNN's temporary tensors, during its lifetime.
/// There may be one at a time. Memory from before it isn't counted, not even when it is freed.
class CountedAllocations {
 public:
  CountedAllocations() {
    counter().reset();
    c10::SetCPUAllocator(&counter());
  }
  ~CountedAllocations() { c10::SetCPUAllocator(counter().real); }
  CountedAllocations(const CountedAllocations&) = delete;
  CountedAllocations& operator=(const CountedAllocations&) = delete;

  /// Returns the most bytes that were held at a time.
  std::uint64_t peak() const { return counter().peak; }

 private:
  struct Counter final : c10::Allocator {
    c10::DataPtr allocate(std::size_t bytes) override {
      void* data = real->raw_allocate(bytes);
      const std::lock_guard lock(mutex);
      sizes[data] = bytes;
      held += static_cast<std::int64_t>(bytes);
      peak = std::max(peak, static_cast<std::uint64_t>(std::max<std::int64_t>(0, held)));
      return {data, data, &free_block, at::Device(at::kCPU)};
    }
    c10::DeleterFnPtr raw_deleter() const override { return &free_block; }
    void copy_data(void* to, const void* from, std::size_t bytes) const override { default_copy_data(to, from, bytes); }
    void reset() {
      const std::lock_guard lock(mutex);
      sizes.clear();
      held = 0;
      peak = 0;
    }

    c10::Allocator* real = c10::GetCPUAllocator();
    std::mutex mutex;
    std::unordered_map<void*, std::size_t> sizes;
    std::int64_t held = 0;
    std::uint64_t peak = 0;
  };

  static Counter& counter() {
    static auto* one = new Counter;  // never freed: blocks may outlive everything else
    return *one;
  }
  static void free_block(void* data) {
    Counter& c = counter();
    {
      const std::lock_guard lock(c.mutex);
      const auto found = c.sizes.find(data);
      if (found != c.sizes.end()) {
        c.held -= static_cast<std::int64_t>(found->second);
        c.sizes.erase(found);
      }
    }
    c.real->raw_deallocate(data);
  }
};

}  // namespace zimage::test
