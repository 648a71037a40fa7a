#include "models/vae_memory.h"

#include <algorithm>
#include <vector>

namespace zimage {
namespace {

constexpr std::int64_t kRGB = 3;
constexpr std::int64_t kFP32 = 4;
/// A strip of so many cells is as fast as a larger one, and several of them fit into a large cache.
constexpr std::int64_t kFastCells = 1 << 16;

/// Counts in the order of the code in vae.cpp and vae_strips.cpp. `scale` is 1 for a map as large as the pixels, 2 for
/// one of half the sides, and so on.
class Count {
 public:
  Count(std::int64_t height, std::int64_t width, at::ScalarType dtype, std::int64_t strip)
      : height_(height), width_(width), bytes_(dtype == at::kFloat ? 4 : 2), strip_(strip) {}

  std::int64_t map(std::int64_t scale, std::int64_t channels) const {
    return std::max<std::int64_t>(1, height_ / scale) * row(scale, channels, bytes_);
  }
  std::int64_t fp32_map(std::int64_t scale, std::int64_t channels) const {
    return map(scale, channels) / bytes_ * kFP32;
  }
  bool whole() const { return strip_ <= 0; }
  void reach(std::int64_t bytes) { peak_ = std::max(peak_, bytes); }
  std::uint64_t peak() const { return static_cast<std::uint64_t>(peak_); }

  /// Adds a resnet beside `held` bytes, which are those of its input or of what the input is computed from.
  void resnet(std::int64_t scale, std::int64_t in, std::int64_t out, std::int64_t held, bool computed_input = false) {
    if (whole()) return whole_resnet(scale, in, out, held);
    const std::int64_t live = held + map(scale, out);
    const std::int64_t reading = computed_input ? upsampled_strip(scale, in) : 0;
    reach(live + convolution(scale, in, out, bytes_, reading));
    const std::int64_t shortcut = in == out ? 0 : result(scale, out, bytes_);
    const std::int64_t residual = std::max(reading, (computed_input ? result(scale, in, bytes_) : 0) + shortcut);
    reach(live + window(scale, out, bytes_) + result(scale, out, bytes_) + residual);
    reach(live + convolution(scale, out, out, bytes_, 0));
  }

  /// Adds the middle block, which is made of two resnets and the attention between them.
  void mid_block(std::int64_t scale, std::int64_t channels) {
    const std::int64_t x = map(scale, channels);
    resnet(scale, channels, channels, x);
    reach(6 * x);  // x, its tokens, q, k, v and what is mixed
  }

  /// Adds the first convolution, which is fp32 and whose result is rounded to a map.
  void entry(std::int64_t scale, std::int64_t in, std::int64_t out) {
    if (whole()) return reach(fp32_map(scale, in) + 2 * fp32_map(scale, out));
    reach(map(scale, out) + convolution(scale, in, out, kFP32, 0));
  }

  /// Adds the last norm and convolution in fp32.
  void exit(std::int64_t scale, std::int64_t in, std::int64_t out) {
    const std::int64_t live = map(scale, in) + fp32_map(scale, out);
    reach(live + (whole() ? 2 * fp32_map(scale, in) : convolution(scale, in, out, kFP32, 0)));
    reach(4 * fp32_map(scale, out));  // what scales and clamps the result
  }

  void downsample(std::int64_t scale, std::int64_t channels) {
    const std::int64_t x = map(scale, channels);
    if (whole()) return reach(3 * x + map(2 * scale, channels));  // the input, it padded, and oneDNN's copy
    const std::int64_t out_rows = strip_rows(2 * scale, 0);
    reach(x + map(2 * scale, channels) + (2 * out_rows + 1) * row(scale, channels, bytes_) +
          out_rows * row(2 * scale, channels, bytes_));
  }

  /// Adds an upsampler to this scale.
  void upsample(std::int64_t scale, std::int64_t channels, bool held) {
    const std::int64_t x = map(2 * scale, channels);
    const std::int64_t doubled = map(scale, channels);
    if (whole()) return reach(x + 3 * doubled);  // the input, it doubled, oneDNN's copy, and the result
    reach(x + (held ? doubled : 0) + upsampled_strip(scale, channels));
  }

 private:
  std::int64_t row(std::int64_t scale, std::int64_t channels, std::int64_t bytes) const {
    return std::max<std::int64_t>(1, width_ / scale) * channels * bytes;
  }
  /// Returns the rows of a strip and so many more, if the map has them.
  std::int64_t strip_rows(std::int64_t scale, std::int64_t more) const {
    const std::int64_t rows = std::max<std::int64_t>(1, height_ / scale);
    return strip_ >= rows ? rows : std::min(rows, strip_ + more);
  }
  std::int64_t window(std::int64_t scale, std::int64_t channels, std::int64_t bytes) const {
    return (strip_rows(scale, 0) + 3) * row(scale, channels, bytes);
  }
  std::int64_t result(std::int64_t scale, std::int64_t channels, std::int64_t bytes) const {
    return strip_rows(scale, 1) * row(scale, channels, bytes);
  }
  /// Counts a strip of 3×3 convolution: its window, and either its input's rows or oneDNN's weights and the result.
  std::int64_t convolution(std::int64_t scale, std::int64_t in, std::int64_t out, std::int64_t bytes,
                           std::int64_t reading) const {
    return window(scale, in, bytes) + std::max(reading, 9 * in * out * bytes + result(scale, out, bytes));
  }
  /// Counts a strip that an upsampler computes: the rows, and a fourth of them by each 2×2 convolution.
  std::int64_t upsampled_strip(std::int64_t scale, std::int64_t channels) const {
    const std::int64_t rows = strip_rows(scale, 2);
    const std::int64_t weights = (16 + 4) * channels * channels * bytes_;
    return rows * row(scale, channels, bytes_) * 3 / 2 + weights;
  }
  void whole_resnet(std::int64_t scale, std::int64_t in, std::int64_t out, std::int64_t x) {
    const std::int64_t narrow = map(scale, out);
    const std::int64_t wide = map(scale, in);
    reach(x + 2 * wide + narrow);  // the norm, oneDNN's copy of it, and the result
    reach(x + 3 * narrow);         // the same of the second convolution
    if (in != out)
      reach(x + narrow + (bytes_ == kFP32 ? 0 : 3 * wide) + narrow);  // and of the shortcut, with oneDNN's copies
  }

  std::int64_t height_, width_, bytes_, strip_;
  std::int64_t peak_ = 0;
};

}  // namespace

std::uint64_t vae_encode_bytes(const VAEConfig& config, std::int64_t height, std::int64_t width, at::ScalarType dtype,
                               std::int64_t strip_rows) {
  Count count(height, width, dtype, strip_rows);
  const auto& channels = config.block_out_channels;
  count.entry(1, kRGB, channels.front());
  std::int64_t scale = 1;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const std::int64_t in = i == 0 ? channels[0] : channels[i - 1];
    count.resnet(scale, in, channels[i], count.map(scale, in));
    if (config.layers_per_block > 1) count.resnet(scale, channels[i], channels[i], count.map(scale, channels[i]));
    if (i + 1 == channels.size()) break;
    count.downsample(scale, channels[i]);
    scale *= 2;
  }
  count.mid_block(scale, channels.back());
  count.exit(scale, channels.back(), 2 * config.latent_channels);
  return count.peak();
}

std::uint64_t vae_decode_bytes(const VAEConfig& config, std::int64_t height, std::int64_t width, at::ScalarType dtype,
                               std::int64_t strip_rows) {
  Count count(height, width, dtype, strip_rows);
  const std::vector<std::int64_t> channels(config.block_out_channels.rbegin(), config.block_out_channels.rend());
  std::int64_t scale = VAEConfig::kScale;
  count.entry(scale, config.latent_channels, channels.front());
  count.mid_block(scale, channels.front());
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const std::int64_t in = i == 0 ? channels[0] : channels[i - 1];
    const bool computed = !count.whole() && i + 1 == channels.size();
    count.resnet(scale, in, channels[i], computed ? count.map(2 * scale, in) : count.map(scale, in), computed);
    count.resnet(scale, channels[i], channels[i], count.map(scale, channels[i]));
    if (i + 1 == channels.size()) break;
    scale /= 2;
    count.upsample(scale, channels[i], /*held=*/i + 2 < channels.size());
  }
  count.exit(1, channels.back(), kRGB);
  return count.peak();
}

std::int64_t vae_strip_rows(const VAEConfig& config, std::int64_t height, std::int64_t width, at::ScalarType dtype,
                            std::uint64_t budget) {
  const auto fits = [&](std::int64_t rows) {
    return std::max(vae_encode_bytes(config, height, width, dtype, rows),
                    vae_decode_bytes(config, height, width, dtype, rows)) <= budget;
  };
  std::int64_t rows = std::max<std::int64_t>(1, kFastCells / width);
  while (rows > 1 && !fits(rows)) rows /= 2;
  return rows;
}

}  // namespace zimage
