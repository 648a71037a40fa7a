#include "models/vae_strips.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "nn/ops.h"

namespace zimage::strips {
namespace {

/// Convolves [h, w, C], pads the width alone, and returns [h', w', C'].
at::Tensor convolve_rows(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, std::int64_t stride,
                         std::int64_t pad_width) {
  // The order matters: only a first stride as large as the map tells libtorch that the layout is channels-last.
  const at::Tensor nchw = x.unsqueeze(0).permute({0, 3, 1, 2});
  return at::conv2d(nchw, weight, bias, stride, at::IntArrayRef{0, pad_width})
      .permute({0, 2, 3, 1})
      .squeeze(0)
      .contiguous();
}

nn::ChannelAffine affine(const GroupNorm& norm, const nn::ChannelSums& sums) {
  return sums.group_norm(norm.groups, norm.weight, norm.bias, GroupNorm::kEps);
}

template <class Step>
void for_each_strip(std::int64_t height, std::int64_t strip, Step step) {
  for (std::int64_t begin = 0; begin < height; begin += strip) step(begin, std::min(begin + strip, height));
}

/// Collects a result's rows and their sums.
class Collector {
 public:
  explicit Collector(std::int64_t height) : height_(height) {}
  void add(std::int64_t first, const at::Tensor& rows, at::ScalarType dtype) {
    if (!map_.defined()) map_ = at::empty({height_, rows.size(1), rows.size(2)}, rows.options().dtype(dtype));
    const at::Tensor to = map_.narrow(0, first, rows.size(0));
    to.copy_(rows);
    sums_.add(to);
  }
  const at::Tensor& map() const { return map_; }
  const nn::ChannelSums& sums() const { return sums_; }
  Map finished() const { return {held(map_), sums_}; }

 private:
  std::int64_t height_;
  at::Tensor map_;
  nn::ChannelSums sums_;
};

/// A nearest-neighbour doubling and the 3×3 convolution after it, as four 2×2 convolutions of the small map: an even
/// row's window spans two rows of the small map, of which the lower counts twice, an odd row's the same with the upper,
/// and so do the columns. That is 4/9 of the multiplications, and the doubled map doesn't exist.
class Upsampler {
 public:
  Upsampler(Rows in, const Conv& conv) : in_(std::move(in)), bias_(conv.bias) {
    const at::Tensor weight = conv.weight.to(at::kFloat);
    for (const bool odd_row : {false, true}) {
      const at::Tensor folded = fold(weight, 2, odd_row);
      for (const bool odd_column : {false, true}) {
        weights_.push_back(fold(folded, 3, odd_column).to(conv.weight.scalar_type()));
      }
    }
  }

  at::Tensor read(std::int64_t begin, std::int64_t end) const {
    const std::int64_t first = begin / 2;
    const std::int64_t count = (end + 1) / 2 - first;
    const at::Tensor window = padded(first - 1, first + count + 1);
    const std::int64_t width = window.size(1);
    const std::int64_t channels = bias_.size(0);
    const at::Tensor out = at::empty({count, 2, width, 2, channels}, window.options());
    for (std::int64_t phase = 0; phase < 4; ++phase) {
      const std::int64_t row = phase / 2;
      const std::int64_t column = phase % 2;
      const at::Tensor part = convolve_rows(window.narrow(0, row, count + 1), weights_[phase], bias_, 1, 1);
      out.select(3, column).select(1, row).copy_(part.narrow(1, column, width));
    }
    return out.view({2 * count, 2 * width, channels}).narrow(0, begin - 2 * first, end - begin);
  }

 private:
  /// Adds up the two taps that fall onto the same row or column of the small map.
  static at::Tensor fold(const at::Tensor& weight, std::int64_t dim, bool odd) {
    const auto tap = [&](std::int64_t i) { return weight.select(dim, i); };
    return odd ? at::stack({tap(0) + tap(1), tap(2)}, dim) : at::stack({tap(0), tap(1) + tap(2)}, dim);
  }

  /// Returns rows [begin, end) of the small map, where rows outside it are zero.
  at::Tensor padded(std::int64_t begin, std::int64_t end) const {
    const std::int64_t above = std::max<std::int64_t>(0, -begin);
    const std::int64_t below = std::max<std::int64_t>(0, end - in_.height);
    const at::Tensor rows = in_.read(begin + above, end - below);
    return above + below == 0 ? rows : at::constant_pad_nd(rows, {0, 0, 0, 0, above, below});
  }

  Rows in_;
  at::Tensor bias_;
  std::vector<at::Tensor> weights_;  ///< of the results' even and odd rows, and in each of even and odd columns
};

/// Adds the block's attention to x [H, W, C].
void attend(const VAEMidBlock& block, const at::Tensor& x, const nn::ChannelSums& sums) {
  at::Tensor tokens = at::empty_like(x);
  nn::norm_into(tokens, x, affine(block.group_norm, sums), /*silu=*/false);
  tokens = tokens.view({1, -1, 1, x.size(2)});  // [1, H·W, one head, C]
  const at::Tensor q = block.to_q(tokens);
  const at::Tensor k = block.to_k(tokens);
  tokens = block.to_v(tokens);
  tokens = nn::attention(q, k, tokens);
  x.add_(block.to_out(tokens).view(x.sizes()));
}

}  // namespace

Rows held(const at::Tensor& map) {
  return {map.size(0), [map](std::int64_t begin, std::int64_t end) { return map.narrow(0, begin, end - begin); }};
}

Rows pixel_rows(const at::Tensor& pixels, at::Device device) {
  return {pixels.size(2), [pixels, device](std::int64_t begin, std::int64_t end) {
            const at::Tensor rows = pixels.squeeze(0).narrow(1, begin, end - begin).permute({1, 2, 0});
            return (rows.to(device).to(at::kFloat).contiguous() * 2.0).sub_(1.0);
          }};
}

at::Tensor as_nchw(const Rows& rows) { return rows.read(0, rows.height).permute({2, 0, 1}).unsqueeze(0); }

void convolve(const Rows& in, const nn::ChannelAffine* norm, const Conv& conv, std::int64_t strip, const Sink& sink) {
  at::Tensor window;        // the rows that the convolution needs and doesn't have yet, with the padding as zeros
  std::int64_t filled = 1;  // rows of the window; the first is the padding
  std::int64_t first = 0;   // row of the result
  for_each_strip(in.height, strip, [&](std::int64_t begin, std::int64_t end) {
    at::Tensor rows = in.read(begin, end);
    if (!window.defined()) {
      window =
          at::empty({end - begin + 3, rows.size(1), rows.size(2)}, rows.options().dtype(conv.weight.scalar_type()));
      window.select(0, 0).zero_();
    }
    const at::Tensor to = window.narrow(0, filled, end - begin);
    if (norm != nullptr) {
      nn::norm_into(to, rows, *norm, /*silu=*/true);
    } else {
      to.copy_(rows);
    }
    rows.reset();
    filled += end - begin;
    if (end == in.height) window.select(0, filled++).zero_();
    if (filled <= 2) return;
    sink(first, convolve_rows(window.narrow(0, 0, filled), conv.weight, conv.bias, 1, 1));
    first += filled - 2;
    window.narrow(0, 0, 2).copy_(window.narrow(0, filled - 2, 2).clone());
    filled = 2;
  });
}

Map convolved(const Rows& in, const Conv& conv, at::ScalarType dtype, std::int64_t strip) {
  Collector out(in.height);
  convolve(in, nullptr, conv, strip, [&](std::int64_t first, const at::Tensor& rows) { out.add(first, rows, dtype); });
  return out.finished();
}

Map resnet(const ResnetBlock& block, const Map& x, std::int64_t strip) {
  const nn::ChannelAffine norm1 = affine(block.norm1, x.sums);
  Collector hidden(x.rows.height);
  convolve(x.rows, &norm1, block.conv1, strip,
           [&](std::int64_t first, const at::Tensor& rows) { hidden.add(first, rows, rows.scalar_type()); });
  const nn::ChannelAffine norm2 = affine(block.norm2, hidden.sums());
  Map out{held(hidden.map()), {}};  // the result overwrites the hidden map
  convolve(out.rows, &norm2, block.conv2, strip, [&](std::int64_t first, const at::Tensor& rows) {
    const std::int64_t end = first + rows.size(0);
    at::Tensor residual = x.rows.read(first, end);
    if (block.has_shortcut) {
      residual = convolve_rows(residual, block.conv_shortcut.weight, block.conv_shortcut.bias, 1, 0);
    }
    at::Tensor to = out.rows.read(first, end);
    at::add_out(to, rows, residual);
    out.sums.add(to);
  });
  return out;
}

Map mid_block(const VAEMidBlock& block, Map x, std::int64_t strip) {
  x = resnet(block.resnet0, x, strip);
  const at::Tensor map = x.rows.read(0, x.rows.height);
  attend(block, map, x.sums);
  x.sums = {};
  x.sums.add(map);
  return resnet(block.resnet1, x, strip);
}

Map downsampled(const Rows& in, const Conv& conv, std::int64_t strip) {
  const std::int64_t height = in.height / 2;
  Collector out(height);
  for_each_strip(height, strip, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t last = 2 * end + 1;  // one past the last row that is needed
    const at::Tensor rows = in.read(2 * begin, std::min(last, in.height));
    const at::Tensor padded = at::constant_pad_nd(rows, {0, 0, 0, 1, 0, last > in.height ? 1 : 0});
    out.add(begin, convolve_rows(padded, conv.weight, conv.bias, 2, 0), rows.scalar_type());
  });
  return out.finished();
}

Map upsampled(const Rows& in, const Conv& conv, std::int64_t strip) {
  const auto upsampler = std::make_shared<const Upsampler>(in, conv);
  Map out{{2 * in.height, [upsampler](std::int64_t begin, std::int64_t end) { return upsampler->read(begin, end); }},
          {}};
  for_each_strip(out.rows.height, strip,
                 [&](std::int64_t begin, std::int64_t end) { out.sums.add(out.rows.read(begin, end)); });
  return out;
}

Map upsampled_and_held(const Rows& in, const Conv& conv, std::int64_t strip) {
  const Upsampler upsampler(in, conv);
  Collector out(2 * in.height);
  for_each_strip(2 * in.height, strip, [&](std::int64_t begin, std::int64_t end) {
    const at::Tensor rows = upsampler.read(begin, end);
    out.add(begin, rows, rows.scalar_type());
  });
  return out.finished();
}

Rows finish(const GroupNorm& norm, const Conv& conv, const Map& x, std::int64_t strip) {
  const nn::ChannelAffine scale = affine(norm, x.sums);
  Collector out(x.rows.height);
  convolve(x.rows, &scale, conv, strip,
           [&](std::int64_t first, const at::Tensor& rows) { out.add(first, rows, rows.scalar_type()); });
  return held(out.map());
}

}  // namespace zimage::strips
