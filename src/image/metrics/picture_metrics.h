// How far two pictures of one size lie apart, whatever their channels and depths.
#pragma once

#include <cstddef>
#include <optional>

#include "zimage/image.h"

namespace zimage {

/// Figures over a part of the picture. Samples are the colours (grey counts once where both are grey, else as RGB) and
/// alpha, where either has it; a picture without alpha is opaque. Where either has 16 bits they are compared in 16
/// bits.
struct PictureMetrics {
  std::size_t pixels = 0;
  std::size_t differing_pixels = 0;  ///< in any sample
  double max = 0.0;                  ///< largest difference of a sample, in 8-bit levels (16 bits: 1/257ths of them)
  double mean = 0.0;                 ///< of all samples' absolute differences, in 8-bit levels
  std::optional<double> psnr;        ///< 10 log10(255² / mean squared difference) in dB; none where nothing differs
  double ssim = 1.0;                 ///< metrics/ssim on the luma (Rec. 601), mean over the pixels

  double differing_share() const;
};

struct PictureComparison {
  PictureMetrics whole;
  std::optional<PictureMetrics> inside;   ///< where the mask is set; none without a mask or such pixels
  std::optional<PictureMetrics> outside;  ///< where it isn't
};

/// Both of one size, which `mask` (null: none) has too. Linear in the pixels; memory of a few rows.
PictureComparison measure_pictures(const Image& a, const Image& b, const Mask* mask = nullptr);

/// How a result differs from the picture that it was made from. Samples are the three colours, and alpha where both
/// have it; levels are those of the coarser of the two bit depths.
struct Difference {
  std::size_t changed_pixels = 0;
  int max_change_outside_mask = 0;
  double mean_change_outside_mask = 0.0;  ///< over all samples outside
};
/// Two pictures of the mask's size. Linear in the pixels; memory of a few rows.
Difference compare(const Image& before, const Image& after, const Mask& mask);

struct DifferencePicture {
  Image image;                 ///< 8-bit grey: 0 where equal, else the pixel's largest difference, amplified
  double amplification = 1.0;  ///< 255 / the largest difference of all, so that this is white
};
DifferencePicture difference_picture(const Image& a, const Image& b);

}  // namespace zimage
