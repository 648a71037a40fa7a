#include "weights/stored_weight.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace zimage {

std::int64_t count_values(const std::vector<std::int64_t>& shape) {
  // With a side of 0, the product of the others could overflow; without one, the file's size bounds it.
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  std::int64_t count = 1;
  for (const auto side : shape) count *= side;
  return count;
}

std::int64_t StoredWeight::columns() const { return row_count() == 0 ? 0 : values() / row_count(); }

std::uint64_t StoredWeight::bytes() const {
  std::uint64_t sum = data.nbytes();
  for (const auto* part : {&scale, &block_scale, &column_scale}) {
    if (part->defined()) sum += part->nbytes();
  }
  return sum;
}

StoredWeight StoredWeight::rows(std::int64_t begin, std::int64_t count) const {
  StoredWeight part = *this;
  part.shape.front() = count;
  part.data = data.narrow(0, begin, count);
  if (scale.defined() && scale.dim() == 1) part.scale = scale.narrow(0, begin, count);
  part.block_scale_row = block_scale_row + begin;
  return part;
}

}  // namespace zimage
