#include "base/read_ahead.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

namespace zimage {
namespace {

constexpr std::chrono::milliseconds kPollEvery{250};

}  // namespace

ReadAhead::ReadAhead(std::vector<std::vector<ByteRange>> items, std::size_t window)
    : ReadAhead(std::move(items), window, Reading()) {}

ReadAhead::ReadAhead(std::vector<std::vector<ByteRange>> items, std::size_t window, Reading reading)
    : window_(window), reading_(std::move(reading)) {
  std::uint64_t bytes = 0;
  for (const auto& item : items) {
    for (const ByteRange& range : item) {
      for (std::size_t at = range.begin; at < range.end; at += kChunk) {
        chunks_.push_back({{range.file, at, std::min(range.end, at + kChunk)}, bytes});
        bytes = chunks_.back().end();
      }
    }
    ends_.push_back(bytes);
  }
  try {
    thread_ = std::thread([this] { read(); });
  } catch (const std::system_error&) {
    read_ = bytes;  // the system has no thread to give: whoever touches the bytes reads them
  }
}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::uint64_t ReadAhead::wait_for_room(const Chunk& chunk) {
  std::unique_lock lock(mutex_);
  const auto limit = [&] { return std::max(used_ + window_, wanted_); };
  changed_.wait(lock, [&] { return stopping_ || chunk.end() <= limit(); });
  return stopping_ ? 0 : limit();
}

void ReadAhead::read() {
  std::size_t advised = 0;
  try {
    for (const Chunk& chunk : chunks_) {
      const std::uint64_t limit = std::min(wait_for_room(chunk), chunk.end() + kAdvised);
      if (limit == 0) return;
      for (; advised < chunks_.size() && chunks_[advised].end() <= limit; ++advised) {
        reading_.advise(chunks_[advised].range);
      }
      reading_.bring_in(chunk.range);
      const std::lock_guard lock(mutex_);
      read_ = chunk.end();
      changed_.notify_all();
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    error_ = std::current_exception();
    changed_.notify_all();
  }
}

void ReadAhead::wait(std::size_t item, const std::function<void()>& poll) {
  const std::uint64_t end = ends_.at(item);
  std::unique_lock lock(mutex_);
  wanted_ = std::max(wanted_, end);
  changed_.notify_all();
  while (read_ < end) {
    if (error_) std::rethrow_exception(error_);
    if (changed_.wait_for(lock, kPollEvery) == std::cv_status::timeout && poll) {
      lock.unlock();
      poll();
      lock.lock();
    }
  }
}

void ReadAhead::used(std::size_t item) {
  const std::lock_guard lock(mutex_);
  used_ = std::max(used_, ends_.at(item));
  changed_.notify_all();
}

}  // namespace zimage
