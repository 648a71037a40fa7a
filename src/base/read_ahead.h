// Reads mapped files ahead of whoever uses them, on a thread of its own.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/mapped_file.h"

namespace zimage {

/// Brings items, each of some byte ranges, into memory in the order in which they will be used, and at most `window`
/// bytes beyond what was used. The system is asked early, without waiting, so that it always has something to read.
class ReadAhead {
 public:
  /// What is done with a range; tests replace it.
  struct Reading {
    std::function<void(const ByteRange&)> advise = [](const ByteRange& r) { r.file->advise(r.begin, r.end); };
    std::function<void(const ByteRange&)> bring_in = [](const ByteRange& r) { r.file->bring_in(r.begin, r.end); };
  };

  static constexpr std::size_t kWindow = std::size_t{256} << 20;
  static constexpr std::size_t kChunk = std::size_t{8} << 20;  ///< the most that is brought in at a time
  /// The system is asked to read so many bytes beyond what is being brought in: enough to keep a disk busy.
  static constexpr std::size_t kAdvised = 3 * kChunk;

  explicit ReadAhead(std::vector<std::vector<ByteRange>> items, std::size_t window = kWindow);
  ReadAhead(std::vector<std::vector<ByteRange>> items, std::size_t window, Reading reading);
  /// Stops reading. Waits for the chunk that is being brought in.
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  /// Waits until an item is in memory, which may be larger than the window. Meanwhile it calls `poll` some times a
  /// second, which may throw to give up. Errors: what reading the item, or one before it, threw.
  void wait(std::size_t item, const std::function<void()>& poll);
  /// Says that an item and all before it were used.
  void used(std::size_t item);

 private:
  struct Chunk {
    ByteRange range;
    std::uint64_t begin = 0;  ///< where it begins, in bytes of all items
    std::uint64_t end() const { return begin + range.size(); }
  };

  void read();
  /// Waits until a chunk may be read. Returns up to where reading may go, in bytes of all items; 0: it is to stop.
  std::uint64_t wait_for_room(const Chunk& chunk);

  std::size_t window_;
  Reading reading_;
  std::vector<Chunk> chunks_;
  std::vector<std::uint64_t> ends_;  ///< where each item ends, in bytes of all items
  std::mutex mutex_;                 ///< guards everything below
  std::condition_variable changed_;
  std::uint64_t read_ = 0;    ///< bytes brought in
  std::uint64_t used_ = 0;    ///< bytes used
  std::uint64_t wanted_ = 0;  ///< bytes that somebody waits for
  bool stopping_ = false;
  std::exception_ptr error_;
  std::thread thread_;
};

}  // namespace zimage
