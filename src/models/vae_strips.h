// The VAE's stages in strips of rows, exact: a norm's statistics are those of the whole map, and the convolutions see
// the rows above and below their strip. So only whole maps between two stages need memory; what lies within a stage
// (the normalised map, the upsampled one) exists a strip at a time, in the cache. Maps are [H, W, C] here, so that a
// strip is one piece of memory and oneDNN and cuDNN get their channels-last layout.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

#include "models/vae_blocks.h"
#include "nn/channel_norm.h"

namespace zimage::strips {

/// The rows of a map that is held, or whose rows are computed each time they are asked for.
struct Rows {
  std::int64_t height = 0;
  /// Returns rows [begin, end) as [end − begin, W, C], contiguous.
  std::function<at::Tensor(std::int64_t begin, std::int64_t end)> read;
};

/// A map [H, W, C] or the rows of one, with the sums that the next norm needs.
struct Map {
  Rows rows;
  nn::ChannelSums sums;
};

/// Takes rows of a result, from row `first` on, from top to bottom.
using Sink = std::function<void(std::int64_t first, const at::Tensor& rows)>;

/// Returns the rows of a map that is held.
Rows held(const at::Tensor& map);
/// Returns the rows of pixels [1, 3, H, W] from 0 to 1, which become fp32 from −1 to 1.
Rows pixel_rows(const at::Tensor& pixels, at::Device device);
/// Returns the map as [1, C, H, W], for taps.
at::Tensor as_nchw(const Rows& rows);

/// Convolves `in` (3×3, padded by 1), after norm and SiLU if `norm` isn't null. It reads `in` once, `strip` rows at a
/// time, and is ahead of the sink: the sink may overwrite the rows of `in` that it is given the result for.
void convolve(const Rows& in, const nn::ChannelAffine* norm, const Conv& conv, std::int64_t strip, const Sink& sink);

/// Convolves `in` into a map of this dtype.
Map convolved(const Rows& in, const Conv& conv, at::ScalarType dtype, std::int64_t strip);
Map resnet(const ResnetBlock& block, const Map& x, std::int64_t strip);
Map mid_block(const VAEMidBlock& block, Map x, std::int64_t strip);
/// Halves the map with a strided convolution that pads below and to the right.
Map downsampled(const Rows& in, const Conv& conv, std::int64_t strip);
/// Doubles the map (nearest), then convolves. Nothing is held: whenever rows are read, they are computed anew from
/// `in`, because a map of this size is the largest that the decoder has.
Map upsampled(const Rows& in, const Conv& conv, std::int64_t strip);
/// Doubles the map (nearest), then convolves.
Map upsampled_and_held(const Rows& in, const Conv& conv, std::int64_t strip);
/// Norm, SiLU and convolution, in the convolution's dtype.
Rows finish(const GroupNorm& norm, const Conv& conv, const Map& x, std::int64_t strip);

}  // namespace zimage::strips
