// A queue of limited length between threads.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace zimage {

template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  /// Waits for room and adds the item. Returns false, and drops the item, once the queue is closed.
  bool push(T item) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || items_.size() < capacity_; });
    if (closed_) return false;
    items_.push_back(std::move(item));
    there_.notify_one();
    return true;
  }

  /// Waits for an item and takes it. Empty once the queue is closed and has no items left.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    there_.wait(lock, [&] { return closed_ || !items_.empty(); });
    return take();
  }

  /// Takes an item if there is one, without waiting.
  std::optional<T> try_pop() {
    const std::lock_guard lock(mutex_);
    return take();
  }

  /// Refuses further items; those in the queue can still be taken.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    there_.notify_all();
    room_.notify_all();
  }

  /// Closes the queue and drops its items.
  void abandon() {
    {
      const std::lock_guard lock(mutex_);
      items_.clear();
    }
    close();
  }

 private:
  std::optional<T> take() {
    if (items_.empty()) return std::nullopt;
    T item = std::move(items_.front());
    items_.pop_front();
    room_.notify_one();
    return item;
  }

  std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable there_;
  std::condition_variable room_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace zimage
