// A file's bytes on their way from who writes them to who reads them meanwhile.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace zimage::codecs {

/// One thread writes, another reads; nobody waits for the reader. All bytes stay until the stream goes.
class ByteStream {
 public:
  ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;
  ~ByteStream();

  /// Room for the next bytes, some of which commit() takes in. Empty if there is no memory.
  std::span<std::uint8_t> room();
  void commit(std::size_t count);
  /// There is no more to come.
  void close();

  /// Whether there is anything, as soon as that is known.
  bool begun();
  /// The bytes after those of the last call, as soon as there are some. Empty: there are no more.
  std::span<const std::uint8_t> next();

  /// All that was written; the writer calls it.
  std::vector<std::uint8_t> bytes() const;

 private:
  static constexpr std::size_t kPiece = std::size_t{64} << 10;
  struct Piece {
    std::size_t size = 0;
    std::unique_ptr<Piece> next{};
    std::array<std::uint8_t, kPiece> data;
  };

  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<Piece> first_;
  Piece* last_ = nullptr;  ///< is being filled
  std::size_t total_ = 0;
  bool closed_ = false;
  // The reader's.
  const Piece* reading_ = nullptr;
  std::size_t read_ = 0;  ///< of that piece
};

}  // namespace zimage::codecs
