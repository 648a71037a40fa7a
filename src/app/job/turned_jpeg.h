// A picture's JPEG, turned upright without loss, beside the picture.
#pragma once

#include "image/geometry.h"
#include "image/metrics/difference.h"
#include "zimage/image.h"

namespace zimage::app {

/// How the turned file decodes otherwise than the picture, where no result of the job will change it.
struct TurnedJpeg {
  /// Both must outlive this. `near_`: all that a result may change.
  TurnedJpeg(const Image& picture, const Mask& mask, const Box& near_)
      : near(near_), height(picture.height), far(picture, mask) {}

  /// Rows of the turned file from `top` on, each once.
  void add(const Image& rows, int top) {
    far.add(rows, 0, top, near);
    seen += rows.height;
  }
  /// Whether all rows were seen.
  bool complete() const { return seen == height; }

  Box near;
  int height;
  int seen = 0;
  Comparison far;
};

}  // namespace zimage::app
