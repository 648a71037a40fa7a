// Chooses the regions that the model works on, and their size: the mask's surroundings, at the model's native area.
#pragma once

#include <vector>

#include "image/geometry.h"

namespace zimage {

struct CropOptions {
  double area = 1e6;    ///< pixels of a region at its working size
  int padding = -1;     ///< context around the mask, in pixels; -1: half the longer side of its box, at least 32
  int feather = 0;      ///< the context is at least this wide, in pixels
  int max_side = 0;     ///< the longest working side; 0: any
  bool single = false;  ///< use one region, however far apart the mask's parts are
};

/// No region is enlarged more than this: instead it takes in more of the picture.
inline constexpr double kMaxUpscale = 2.0;
/// A region whose scale would lie between 1/kNearScale and kNearScale isn't resampled at all.
inline constexpr double kNearScale = 1.25;
/// A picture whose area is within this factor of the working area is one region.
inline constexpr double kWholeArea = 1.5;
/// If there are more regions than this, some are merged: each costs as much as a picture.
inline constexpr int kMaxRegions = 8;

/// Returns the region around a box in a picture of `width` by `height`: the box and its padding, widened to an aspect
/// of at most 3:1 and to a quarter of the working area as far as the picture reaches, then scaled to that area.
WorkingRegion crop_around(const Box& box, int width, int height, const CropOptions& options);

/// Returns regions that hold the whole mask, top to bottom; no two overlap. Parts of the mask share a region unless
/// that region would have to be shrunk. A picture of about the working area is one region, at its own size.
std::vector<WorkingRegion> crop_regions(const Mask& mask, const CropOptions& options);

}  // namespace zimage
