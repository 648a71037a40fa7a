// Structural similarity of two pictures of the same size.
#pragma once

#include <functional>

namespace zimage {

/// Writes row `y` of a picture's luma, `width` values of 0…255.
using LumaRow = std::function<void(int y, double* row)>;

/// Computes SSIM at every pixel and calls visit(y, values) for each row from the top, with `width` values of at most 1.
/// Source: Z. Wang, A. Bovik, H. Sheikh, E. Simoncelli, "Image quality assessment", IEEE Trans. Image Processing 13(4),
/// 2004: an 11×11 Gaussian window of sigma 1.5, K1 = 0.01, K2 = 0.03, L = 255. The picture is mirrored beyond its
/// borders, so that every pixel of every size has a value; the paper leaves the outermost five pixels out.
void for_each_ssim_row(int width, int height, const LumaRow& a, const LumaRow& b,
                       const std::function<void(int y, const double* values)>& visit);

}  // namespace zimage
