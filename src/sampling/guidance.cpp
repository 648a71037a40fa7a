#include "sampling/guidance.h"

#include <ATen/ATen.h>

namespace zimage {

at::Tensor guide(const at::Tensor& positive, const at::Tensor& negative, double scale) {
  return negative + (positive - negative) * scale;
}

}  // namespace zimage
