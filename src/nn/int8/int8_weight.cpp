#include "nn/int8/int8_weight.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "nn/int8/int8_product.h"
#include "nn/quantised/dequantise.h"

namespace zimage::nn {
namespace {

/// So many rows are fp32 at once; a multiple of the matrix's blocks.
constexpr std::int64_t kRowsAtOnce = 512;

class Int8Weight final : public LinearWeight {
 public:
  Int8Weight(Int8Matrix matrix, std::shared_ptr<Workspace> workspace)
      : matrix_(std::move(matrix)), workspace_(std::move(workspace)) {}

  at::Tensor forward(const at::Tensor& x, const at::Tensor& bias) const override {
    std::vector<std::int64_t> shape = x.sizes().vec();
    shape.back() = matrix_.rows();
    at::Tensor out = matrix_.multiply(x.reshape({-1, matrix_.columns()}).contiguous(), *workspace_).view(shape);
    return bias.defined() ? out.add_(bias) : out;
  }

 private:
  Int8Matrix matrix_;
  std::shared_ptr<Workspace> workspace_;
};

/// Returns whether the stored numbers are what is multiplied.
bool taken_as_is(const StoredWeight& weight, const WeightChanges& changes) {
  return weight.encoding == Encoding::kInt8 && changes.empty() && !weight.column_scale.defined();
}

at::Tensor row_scales(const StoredWeight& weight) {
  if (!weight.scale.defined()) return at::ones({weight.row_count()}, at::kFloat);
  return weight.scale.expand({weight.row_count()}).contiguous();
}

/// Returns changed rows of the weight, fp32.
at::Tensor changed_rows(const StoredWeight& weight, const WeightChanges& changes, std::int64_t begin,
                        std::int64_t count) {
  at::Tensor rows = at::empty({count, weight.columns()}, at::kFloat);
  if (is_dense(weight.encoding)) {
    rows.copy_(weight.data.narrow(0, begin, count));
  } else {
    dequantise_rows(weight, begin, count, rows);
  }
  apply(changes, rows, begin);
  return rows;
}

}  // namespace

bool fits_int8(const StoredWeight& weight) {
  return weight.data.is_cpu() && weight.shape.size() == 2 && weight.values() > 0 && weight.columns() <= kInt8Columns;
}

std::shared_ptr<const LinearWeight> int8_weight(const StoredWeight& weight, const WeightChanges& changes,
                                                std::shared_ptr<Workspace> workspace) {
  const bool as_is = taken_as_is(weight, changes);
  Int8Matrix matrix(weight.row_count(), weight.columns(), as_is ? weight.rotation : 0);
  if (as_is) {
    const at::Tensor codes = weight.data.view(at::kChar).narrow(1, 0, weight.columns());
    matrix.take_rows(0, codes, row_scales(weight));
  } else {
    for (std::int64_t begin = 0; begin < weight.row_count(); begin += kRowsAtOnce) {
      const std::int64_t count = std::min(kRowsAtOnce, weight.row_count() - begin);
      matrix.quantise_rows(begin, changed_rows(weight, changes, begin, count));
    }
  }
  return std::make_shared<Int8Weight>(std::move(matrix), std::move(workspace));
}

}  // namespace zimage::nn
