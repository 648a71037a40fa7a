// Shows latents as colours without decoding them, by a linear map.
#pragma once

#include <ATen/core/Tensor.h>

#include "zimage/image.h"

namespace zimage {

/// A picture's pixels, [1, 3, 8h, 8w] in [0, 1], and what the VAE encodes them to, [1, 16, h, w].
struct EncodedPixels {
  at::Tensor pixels;
  at::Tensor latent;
};

/// Returns a chart of 64 colours, [1, 3, 128, 128], to be encoded for LatentColors.
at::Tensor color_chart();

/// An affine map from a latent cell's 16 values to the mean colour of its 8×8 pixels. It is fitted to a picture and to
/// the chart of colours, so that it holds for any VAE; for what both don't show, it is that of the published Flux VAE,
/// which is Z-Image's.
class LatentColors {
 public:
  LatentColors(const EncodedPixels& chart, const EncodedPixels& picture);

  /// Returns [1, 16, h, w] as an 8-bit RGB image, one pixel a cell.
  Image operator()(const at::Tensor& latent) const;

 private:
  at::Tensor map_;  ///< [17, 3] fp64, to colours in [-1, 1]; the last row is the bias
};

}  // namespace zimage
