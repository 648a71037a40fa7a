#include "codecs/jpeg/byte_stream.h"

#include <new>
#include <utility>

namespace zimage::codecs {

ByteStream::~ByteStream() {
  // One after another: each would take those behind it along, thousands of calls deep.
  while (first_ != nullptr) first_ = std::exchange(first_->next, nullptr);
}

std::span<std::uint8_t> ByteStream::room() {
  const std::lock_guard lock(mutex_);
  if (last_ == nullptr || last_->size == kPiece) {
    std::unique_ptr<Piece> piece(new (std::nothrow) Piece);
    if (piece == nullptr) return {};
    Piece* added = piece.get();
    (last_ == nullptr ? first_ : last_->next) = std::move(piece);
    last_ = added;
  }
  return std::span(last_->data).subspan(last_->size);
}

void ByteStream::commit(std::size_t count) {
  {
    const std::lock_guard lock(mutex_);
    last_->size += count;
    total_ += count;
  }
  changed_.notify_one();
}

void ByteStream::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_one();
}

bool ByteStream::begun() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closed_ || total_ > 0; });
  return total_ > 0;
}

std::span<const std::uint8_t> ByteStream::next() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (reading_ == nullptr) reading_ = first_.get();
    if (reading_ != nullptr && read_ == kPiece && reading_->next != nullptr) {
      reading_ = reading_->next.get();
      read_ = 0;
    }
    if (reading_ != nullptr && read_ < reading_->size) {
      const std::size_t from = std::exchange(read_, reading_->size);
      return std::span(reading_->data).subspan(from, read_ - from);
    }
    if (closed_) return {};
    changed_.wait(lock);
  }
}

std::vector<std::uint8_t> ByteStream::bytes() const {
  std::vector<std::uint8_t> all;
  all.reserve(total_);
  for (const Piece* piece = first_.get(); piece != nullptr; piece = piece->next.get()) {
    all.insert(all.end(), piece->data.begin(), piece->data.begin() + static_cast<std::ptrdiff_t>(piece->size));
  }
  return all;
}

}  // namespace zimage::codecs
