// Measures how far two pictures of the same size differ, whatever their channels and bit depths.
#pragma once

#include <cstddef>
#include <optional>

#include "zimage/image.h"

namespace zimage {

/// Figures for a part of the picture. The samples compared are the colours (one if both pictures are grey, else RGB),
/// and alpha if either has it; a picture without alpha is opaque. If either has 16 bits, both are compared in 16 bits.
struct PictureMetrics {
  std::size_t pixels = 0;
  std::size_t differing_pixels = 0;  ///< in any sample
  double max = 0.0;                  ///< largest difference of a sample, in 8-bit levels (16 bits: in steps of 1/257)
  double mean = 0.0;                 ///< mean absolute difference of all samples, in 8-bit levels
  std::optional<double> psnr;        ///< 10 log10(255² / mean squared difference) in dB; empty if nothing differs
  double ssim = 1.0;                 ///< mean over the pixels of metrics/ssim on the luma (Rec. 601)

  double differing_share() const;
};

struct PictureComparison {
  PictureMetrics whole;
  std::optional<PictureMetrics> inside;   ///< where the mask is set; empty without a mask or such pixels
  std::optional<PictureMetrics> outside;  ///< where it isn't set; empty likewise
};

/// Compares two pictures of the same size, which `mask` (null: none) has too. Takes time linear in the pixels, and
/// memory for a few rows.
PictureComparison measure_pictures(const Image& a, const Image& b, const Mask* mask = nullptr);

/// The difference between a result and the picture that it was made from. The samples compared are the three colours,
/// and alpha if both have it; differences are in levels of the lower of the two bit depths.
struct Difference {
  std::size_t changed_pixels = 0;
  int max_change_outside_mask = 0;
  double mean_change_outside_mask = 0.0;  ///< over all samples there
};
/// Compares two pictures of the mask's size. Takes time linear in the pixels, and memory for a few rows.
Difference compare(const Image& before, const Image& after, const Mask& mask);

struct DifferencePicture {
  Image image;                 ///< 8-bit grey: 0 where equal, else the pixel's largest difference, amplified
  double amplification = 1.0;  ///< 255 / the largest difference in the picture, which becomes white
};
DifferencePicture difference_picture(const Image& a, const Image& b);

}  // namespace zimage
