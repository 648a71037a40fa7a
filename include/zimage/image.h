// Images and masks in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <vector>

namespace zimage {

/// Allocates bytes that are zero. The system gives large ones page by page as they are touched, so zeros cost nothing.
template <class T>
struct ZeroedMemory {
  using value_type = T;
  T* allocate(std::size_t count) {
    void* memory = std::calloc(count, sizeof(T));
    if (memory == nullptr) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t) { std::free(memory); }
  void construct(T*) {}  // leaves the zero
  void construct(T* place, T value) { *place = value; }
  bool operator==(const ZeroedMemory&) const = default;
};

/// An image's samples, each a byte (bit depth 8) or a 16-bit word in the machine's byte order.
class Samples {
 public:
  Samples() = default;
  /// Makes `count` samples of 0. Errors: std::bad_alloc.
  Samples(std::size_t count, int bit_depth) : deep_(bit_depth == 16), memory_(count * sample_bytes()) {}

  std::size_t size() const { return memory_.size() / sample_bytes(); }
  bool empty() const { return memory_.empty(); }
  int bit_depth() const { return deep_ ? 16 : 8; }
  bool operator==(const Samples&) const = default;

  std::uint16_t operator[](std::size_t i) const { return deep_ ? words()[i] : bytes()[i]; }
  /// Sets one sample; visit() is faster for many.
  void set(std::size_t i, std::uint16_t value) {
    if (deep_) {
      words()[i] = value;
    } else {
      bytes()[i] = static_cast<std::uint8_t>(value);
    }
  }

  /// Valid for bit depth 8 only.
  std::uint8_t* bytes() { return memory_.data(); }
  const std::uint8_t* bytes() const { return memory_.data(); }
  /// Valid for bit depth 16 only.
  std::uint16_t* words() { return reinterpret_cast<std::uint16_t*>(memory_.data()); }
  const std::uint16_t* words() const { return reinterpret_cast<const std::uint16_t*>(memory_.data()); }
  /// Returns where sample `i` begins, at either depth; a sample takes sample_bytes().
  std::uint8_t* address(std::size_t i) { return memory_.data() + i * sample_bytes(); }
  const std::uint8_t* address(std::size_t i) const { return memory_.data() + i * sample_bytes(); }
  std::size_t sample_bytes() const { return deep_ ? 2 : 1; }

  /// Returns f(pointer to the first sample); the pointer is a std::uint8_t* or a std::uint16_t*.
  template <class F>
  decltype(auto) visit(F f) {
    return deep_ ? f(words()) : f(bytes());
  }
  template <class F>
  decltype(auto) visit(F f) const {
    return deep_ ? f(words()) : f(bytes());
  }

 private:
  bool deep_ = false;
  std::vector<std::uint8_t, ZeroedMemory<std::uint8_t>> memory_;
};

/// The most pixels that an image may have, 2^28: it bounds the memory that a damaged header can ask for.
inline constexpr std::uint64_t kMaxPixels = std::uint64_t{1} << 28;

/// An image. Its pixels are row-major and interleaved: `samples[(y * width + x) * channels + c]`.
/// A sample is 0…255 (bit_depth 8) or 0…65535 (bit_depth 16).
struct Image {
  int width = 0;
  int height = 0;
  int channels = 0;   ///< 1 grey, 2 grey + alpha, 3 RGB, 4 RGB + alpha (alpha not premultiplied)
  int bit_depth = 8;  ///< 8 or 16, as in `samples`
  Samples samples;

  Image() = default;
  Image(int width_, int height_, int channels_, int bit_depth_ = 8)
      : width(width_),
        height(height_),
        channels(channels_),
        bit_depth(bit_depth_),
        samples(
            static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_) * static_cast<std::size_t>(channels_),
            bit_depth_) {}

  bool empty() const { return samples.empty(); }
  bool has_alpha() const { return channels == 2 || channels == 4; }
  int color_channels() const { return channels >= 3 ? 3 : 1; }
  std::uint16_t max_value() const { return bit_depth == 16 ? 65535 : 255; }
  std::size_t index(int x, int y, int c = 0) const {
    return (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)) *
               static_cast<std::size_t>(channels) +
           static_cast<std::size_t>(c);
  }
};

/// A mask of the picture's size, row-major: 1 = repaint, 0 = keep.
struct Mask {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> repaint;
  /// How strongly a soft mask repaints each pixel: 255 repaints it freely, a lower level limits it to the noise level
  /// level/255. Empty for a hard mask, else as long as `repaint`, and above 0 exactly where that is 1.
  std::vector<std::uint8_t> level{};

  Mask() = default;
  Mask(int width_, int height_)
      : width(width_), height(height_), repaint(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_)) {}

  bool soft() const { return !level.empty(); }
  std::size_t index(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
  }
  /// Returns the number of pixels to repaint.
  std::size_t count() const;
  /// Returns whether no pixel, or every pixel, is to be repainted. Faster than count().
  bool none() const;
  bool all() const;
};

}  // namespace zimage
