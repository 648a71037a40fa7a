#include "codecs/tiff/tiff_layout.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace zimage::codecs {
namespace {

/// Returns sample `i` of a row.
template <int kBits>
unsigned sample_at(const std::uint8_t* row, std::size_t i) {
  if constexpr (kBits == 16) {
    std::uint16_t value = 0;
    std::memcpy(&value, row + 2 * i, sizeof value);
    return value;
  } else if constexpr (kBits == 8) {
    return row[i];
  } else {
    constexpr std::size_t kInByte = 8 / kBits;
    const std::size_t shift = 8 - kBits * (i % kInByte + 1);
    return row[i / kInByte] >> shift & ((1u << kBits) - 1);
  }
}

/// The target of a pixel's sample: its (first) channel, and how it is converted.
struct Target {
  int channel = -1;  ///< −1: nowhere
  bool index = false;
  bool inverted = false;
};

Target target_of(const TiffLayout& layout, int sample) {
  if (sample == layout.alpha) return {layout.color_channels(), false, false};
  if (sample >= layout.color_samples()) return {};
  return {sample, layout.colors == TiffColors::kPalette, layout.colors == TiffColors::kWhiteIsZero};
}

template <int kBits, class Sample>
void put_sample(const TiffLayout& layout, const Target& target, const std::uint8_t* row, std::size_t first,
                std::size_t step, Sample* out, int channels, int count) {
  constexpr unsigned kFull = (1u << kBits) - 1;
  constexpr unsigned kScale = kBits >= 8 ? 1 : 255 / kFull;
  if (target.index) {
    for (int i = 0; i < count; ++i, out += channels, first += step) {
      if constexpr (kBits <= 8) {
        const auto& color = layout.palette[sample_at<kBits>(row, first)];
        for (std::size_t c = 0; c < color.size(); ++c) out[c] = static_cast<Sample>(color[c]);
      }
    }
    return;
  }
  out += target.channel;
  const unsigned flip = target.inverted ? kFull : 0;
  for (int i = 0; i < count; ++i, out += channels, first += step) {
    *out = static_cast<Sample>((sample_at<kBits>(row, first) ^ flip) * kScale);
  }
}

template <int kBits>
void put_row(const TiffLayout& layout, const std::uint8_t* row, int plane, int x, int y, int count, Image& image) {
  // 16-bit samples become words, all others bytes.
  using Sample = std::conditional_t<kBits == 16, std::uint16_t, std::uint8_t>;
  auto* out = reinterpret_cast<Sample*>(image.samples.address(image.index(x, y)));
  const int here = layout.planes_apart ? 1 : layout.samples;
  for (int s = 0; s < here; ++s) {
    const Target target = target_of(layout, layout.planes_apart ? plane : s);
    if (target.channel < 0) continue;
    put_sample<kBits>(layout, target, row, static_cast<std::size_t>(s), static_cast<std::size_t>(here), out,
                      image.channels, count);
  }
}

}  // namespace

std::uint64_t TiffLayout::row_bytes(std::uint64_t count) const {
  const auto in_row = static_cast<std::uint64_t>(planes_apart ? 1 : samples);
  return (count * in_row * static_cast<std::uint64_t>(bits) + 7) / 8;
}

void put_tiff_row(const TiffLayout& layout, const std::uint8_t* row, int plane, int x, int y, int count, Image& image) {
  switch (layout.bits) {
    case 1: return put_row<1>(layout, row, plane, x, y, count, image);
    case 2: return put_row<2>(layout, row, plane, x, y, count, image);
    case 4: return put_row<4>(layout, row, plane, x, y, count, image);
    case 8: return put_row<8>(layout, row, plane, x, y, count, image);
    default: return put_row<16>(layout, row, plane, x, y, count, image);
  }
}

void unpremultiply(Image& image) {
  const auto channels = static_cast<std::size_t>(image.channels);
  const std::uint32_t full = image.max_value();
  image.samples.visit([&]<class Sample>(Sample* samples) {
    for (std::size_t i = 0; i + channels <= image.samples.size(); i += channels) {
      const std::uint32_t alpha = samples[i + channels - 1];
      if (alpha == full) continue;
      for (std::size_t c = 0; c + 1 < channels; ++c) {
        const std::uint32_t value = samples[i + c];
        const std::uint32_t straight = alpha == 0 ? 0 : (value * full + alpha / 2) / alpha;
        samples[i + c] = static_cast<Sample>(std::min(straight, full));
      }
    }
  });
}

}  // namespace zimage::codecs
