#include "nn/fp8/fp8_weight.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "nn/fp8/fp8_product.h"
#include "nn/quantised/dequantise.h"

namespace zimage::nn {
namespace {

/// So many rows are fp32 at once: 42 MB of Z-Image's longest.
constexpr std::int64_t kRowsAtOnce = 1024;

class Fp8Weight final : public LinearWeight {
 public:
  explicit Fp8Weight(Fp8Rows matrix) : matrix_(std::move(matrix)) {}

  at::Tensor forward(const at::Tensor& x, const at::Tensor& bias) const override {
    std::vector<std::int64_t> shape = x.sizes().vec();
    const Fp8Rows rows = quantise_fp8_rows(x.reshape({-1, shape.back()}));
    shape.back() = matrix_.codes.size(0);
    at::Tensor out = multiply_fp8(rows, matrix_, x.scalar_type()).view(shape);
    return bias.defined() ? out.add_(bias) : out;
  }

  std::shared_ptr<const LinearWeight> mapped(const TensorMap& map) const override {
    at::Tensor codes = map(matrix_.codes);
    return std::make_shared<Fp8Weight>(Fp8Rows{std::move(codes), map(matrix_.scales)});
  }

  const Fp8Rows& matrix() const { return matrix_; }

 private:
  Fp8Rows matrix_;
};

/// Returns whether the stored numbers are what is multiplied.
bool taken_as_is(const StoredWeight& weight, const WeightChanges& changes) {
  return weight.encoding == Encoding::kF8E4M3 && changes.empty() && !weight.column_scale.defined();
}

Fp8Rows as_stored(const StoredWeight& weight) {
  const std::int64_t rows = weight.row_count();
  const auto copy = [](const at::Tensor& view) { return view.clone(at::MemoryFormat::Contiguous); };  // of the file
  const at::Tensor codes = copy(weight.data.narrow(1, 0, weight.columns()));
  const at::Tensor scales = weight.scale.defined() ? copy(weight.scale.reshape({-1, 1}).expand({rows, 1}))
                                                   : at::ones({rows, 1}, codes.options().dtype(at::kFloat));
  return {codes.view(at::kFloat8_e4m3fn), scales};
}

/// Returns changed rows of the weight, fp32.
at::Tensor changed_rows(const StoredWeight& weight, const WeightChanges& changes, std::int64_t begin,
                        std::int64_t count) {
  at::Tensor rows = at::empty({count, weight.columns()}, weight.data.options().dtype(at::kFloat));
  dequantise_rows(weight, begin, count, rows);
  apply(changes, rows, begin);
  return rows;
}

Fp8Rows quantised(const StoredWeight& weight, const WeightChanges& changes) {
  if (is_dense(weight.encoding) && changes.empty()) return quantise_fp8_rows(weight.data);
  const auto options = weight.data.options();
  const Fp8Rows all{at::empty({weight.row_count(), weight.columns()}, options.dtype(at::kFloat8_e4m3fn)),
                    at::empty({weight.row_count(), 1}, options.dtype(at::kFloat))};
  for (std::int64_t begin = 0; begin < weight.row_count(); begin += kRowsAtOnce) {
    const std::int64_t count = std::min(kRowsAtOnce, weight.row_count() - begin);
    const Fp8Rows rows = quantise_fp8_rows(changed_rows(weight, changes, begin, count));
    all.codes.narrow(0, begin, count).copy_(rows.codes);
    all.scales.narrow(0, begin, count).copy_(rows.scales);
  }
  return all;
}

}  // namespace

bool fits_fp8(const StoredWeight& weight) {
  return weight.shape.size() == 2 && weight.values() > 0 && weight.row_count() % kFp8Multiple == 0 &&
         weight.columns() % kFp8Multiple == 0;
}

std::shared_ptr<const LinearWeight> fp8_weight(const StoredWeight& weight, const WeightChanges& changes) {
  return std::make_shared<Fp8Weight>(taken_as_is(weight, changes) ? as_stored(weight) : quantised(weight, changes));
}

std::shared_ptr<const LinearWeight> joined_fp8(const std::vector<std::shared_ptr<const LinearWeight>>& weights) {
  std::vector<at::Tensor> codes, scales;
  for (const auto& weight : weights) {
    const auto* fp8 = dynamic_cast<const Fp8Weight*>(weight.get());
    if (fp8 == nullptr) return nullptr;
    codes.push_back(fp8->matrix().codes.view(at::kByte));
    scales.push_back(fp8->matrix().scales);
  }
  return std::make_shared<Fp8Weight>(Fp8Rows{at::cat(codes, 0).view(at::kFloat8_e4m3fn), at::cat(scales, 0)});
}

}  // namespace zimage::nn
