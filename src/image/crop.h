// Which regions of a picture are worked on, and at what size: the mask's surroundings, at the model's native area.
#pragma once

#include <vector>

#include "image/geometry.h"

namespace zimage {

struct CropOptions {
  double area = 1e6;    ///< pixels to work at
  int padding = -1;     ///< context around the mask, in pixels; -1: half the longer side of its box, at least 32
  int feather = 0;      ///< the context holds at least this
  int max_side = 0;     ///< the longest working side; 0: any
  bool single = false;  ///< one region, however far the mask's parts lie apart
};

/// No region is shown to the model at more than twice its size: instead it takes in more of the picture.
inline constexpr double kMaxUpscale = 2.0;
/// A region whose scale would be this near to 1, or its inverse, isn't resampled at all.
inline constexpr double kNearScale = 1.25;
/// A picture of up to this many times the area is done whole.
inline constexpr double kWholeArea = 1.5;
/// More regions than this are merged: each costs as much as a picture.
inline constexpr int kMaxRegions = 8;

/// The region around a box of a picture of `width` by `height`: the box and its padding, widened to an aspect of at
/// most 3:1 and to a quarter of the area as far as the picture reaches, then scaled to the area.
WorkingRegion crop_around(const Box& box, int width, int height, const CropOptions& options);

/// The regions that hold the whole mask, none overlapping another, top to bottom. Parts of the mask share a region
/// unless that would shrink them below the native scale. A picture of about the area is one region, at its own size.
std::vector<WorkingRegion> crop_regions(const Mask& mask, const CropOptions& options);

}  // namespace zimage
