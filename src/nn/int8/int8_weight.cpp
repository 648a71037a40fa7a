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

/// Quantises `count` rows of a weight from `begin` on, and packs them to the matrix's rows from `to` on.
void fill_rows(Int8Matrix& matrix, std::int64_t to, const StoredWeight& weight, const WeightChanges& changes,
               std::int64_t begin, std::int64_t count) {
  if (!taken_as_is(weight, changes)) return matrix.quantise_rows(to, changed_rows(weight, changes, begin, count));
  const at::Tensor codes = weight.data.view(at::kChar).narrow(1, 0, weight.columns()).narrow(0, begin, count);
  matrix.take_rows(to, codes, row_scales(weight).narrow(0, begin, count));
}

/// Returns the groups in which the product's input is rotated.
std::int64_t input_rotation(const StoredWeight& weight, const WeightChanges& changes) {
  return taken_as_is(weight, changes) ? weight.rotation : 0;
}

/// Calls visit(begin, count) for a weight's rows, so many at once as fit in the cache.
template <class Visit>
void in_panels(const StoredWeight& weight, Visit visit) {
  for (std::int64_t begin = 0; begin < weight.row_count(); begin += kRowsAtOnce) {
    visit(begin, std::min(kRowsAtOnce, weight.row_count() - begin));
  }
}

/// Calls product(input, out), where `out` [m, rows] is to be filled, and returns it in x's shape.
template <class MultiplyRows>
at::Tensor multiply_rows(const at::Tensor& x, std::int64_t rows, std::int64_t rotation, Workspace& workspace,
                         const at::Tensor& bias, MultiplyRows product) {
  std::vector<std::int64_t> shape = x.sizes().vec();
  const at::Tensor flat = x.reshape({-1, shape.back()}).contiguous();
  shape.back() = rows;
  at::Tensor out = at::empty({flat.size(0), rows}, x.options());
  if (out.numel() > 0) product(Int8Rows(flat, rotation, workspace), out);
  out = out.view(shape);
  return bias.defined() ? out.add_(bias) : out;
}

class Int8Weight final : public LinearWeight {
 public:
  Int8Weight(Int8Matrix matrix, std::shared_ptr<Workspace> workspace)
      : matrix_(std::move(matrix)), workspace_(std::move(workspace)) {}

  at::Tensor forward(const at::Tensor& x, const at::Tensor& bias) const override {
    return multiply_rows(x, matrix_.rows(), matrix_.rotation(), *workspace_, bias,
                         [&](const Int8Rows& input, const at::Tensor& out) { matrix_.multiply(input, out); });
  }

 private:
  Int8Matrix matrix_;
  std::shared_ptr<Workspace> workspace_;
};

class StoredInt8Weight final : public LinearWeight {
 public:
  StoredInt8Weight(StoredWeight weight, WeightChanges changes, std::shared_ptr<Workspace> workspace)
      : weight_(std::move(weight)), changes_(std::move(changes)), workspace_(std::move(workspace)) {}

  at::Tensor forward(const at::Tensor& x, const at::Tensor& bias) const override {
    const std::int64_t rotation = input_rotation(weight_, changes_);
    const auto product = [&](const Int8Rows& input, const at::Tensor& out) {
      in_panels(weight_, [&](std::int64_t begin, std::int64_t count) {
        Int8Matrix panel(count, weight_.columns(), rotation);
        fill_rows(panel, 0, weight_, changes_, begin, count);
        panel.multiply(input, out.narrow(1, begin, count));
      });
    };
    return multiply_rows(x, weight_.row_count(), rotation, *workspace_, bias, product);
  }

 private:
  StoredWeight weight_;
  WeightChanges changes_;
  std::shared_ptr<Workspace> workspace_;
};

}  // namespace

bool fits_int8(const StoredWeight& weight) {
  return weight.data.is_cpu() && weight.shape.size() == 2 && weight.values() > 0 && weight.columns() <= kInt8Columns;
}

std::shared_ptr<const LinearWeight> int8_weight(const StoredWeight& weight, const WeightChanges& changes,
                                                std::shared_ptr<Workspace> workspace) {
  Int8Matrix matrix(weight.row_count(), weight.columns(), input_rotation(weight, changes));
  in_panels(weight,
            [&](std::int64_t begin, std::int64_t count) { fill_rows(matrix, begin, weight, changes, begin, count); });
  return std::make_shared<Int8Weight>(std::move(matrix), std::move(workspace));
}

std::shared_ptr<const LinearWeight> stored_int8_weight(StoredWeight weight, WeightChanges changes,
                                                       std::shared_ptr<Workspace> workspace) {
  return std::make_shared<StoredInt8Weight>(std::move(weight), std::move(changes), std::move(workspace));
}

}  // namespace zimage::nn
