#include "nn/lora/weight_change.h"

#include <ATen/ATen.h>

#include <limits>
#include <utility>

namespace zimage::nn {
namespace {

// A row of zeros has no direction: it stays zero instead of becoming NaN. LyCORIS and ComfyUI add the same.
constexpr double kNormEps = std::numeric_limits<float>::epsilon();

class LowRankChange final : public WeightChange {
 public:
  explicit LowRankChange(LowRank product) : product_(std::move(product)) {}
  void apply(at::Tensor& rows, std::int64_t first_row) const override {
    rows.addmm_(product_.up.narrow(0, first_row, rows.size(0)), product_.down);
  }
  const LowRank* low_rank() const override { return &product_; }

 private:
  LowRank product_;
};

class HadamardChange final : public WeightChange {
 public:
  HadamardChange(LowRank one, LowRank two, double scale) : one_(std::move(one)), two_(std::move(two)), scale_(scale) {}
  void apply(at::Tensor& rows, std::int64_t first_row) const override {
    const std::int64_t count = rows.size(0);
    const at::Tensor one = at::mm(one_.up.narrow(0, first_row, count), one_.down);
    const at::Tensor two = at::mm(two_.up.narrow(0, first_row, count), two_.down);
    rows.addcmul_(one, two, scale_);
  }

 private:
  LowRank one_, two_;
  double scale_;
};

class KroneckerChange final : public WeightChange {
 public:
  KroneckerChange(at::Tensor w1, at::Tensor w2, std::int64_t first_row, double scale)
      : w1_(std::move(w1)), w2_(std::move(w2)), first_row_(first_row), scale_(scale) {}
  void apply(at::Tensor& rows, std::int64_t first_row) const override {
    // Row a · c + i of w1 ⊗ w2, where c are w2's rows, is w1's row a times w2's row i.
    const std::int64_t count = rows.size(0);
    const at::Tensor index = at::arange(count, w1_.options().dtype(at::kLong)).add_(first_row_ + first_row);
    const at::Tensor of_w1 = w1_.index_select(0, index.div(w2_.size(0), "floor"));
    const at::Tensor of_w2 = w2_.index_select(0, index.remainder(w2_.size(0)));
    rows.view({count, w1_.size(1), w2_.size(1)}).addcmul_(of_w1.unsqueeze(2), of_w2.unsqueeze(1), scale_);
  }

 private:
  at::Tensor w1_, w2_;
  std::int64_t first_row_;
  double scale_;
};

class DifferenceChange final : public WeightChange {
 public:
  DifferenceChange(at::Tensor difference, double scale) : difference_(std::move(difference)), scale_(scale) {}
  void apply(at::Tensor& rows, std::int64_t first_row) const override {
    rows.add_(difference_.narrow(0, first_row, rows.size(0)).to(at::kFloat), scale_);
  }

 private:
  at::Tensor difference_;
  double scale_;
};

class DecomposedChange final : public WeightChange {
 public:
  DecomposedChange(std::shared_ptr<const WeightChange> inner, at::Tensor magnitude, at::Tensor norm, double strength)
      : inner_(std::move(inner)), magnitude_(std::move(magnitude)), norm_(std::move(norm)), strength_(strength) {}
  void apply(at::Tensor& rows, std::int64_t first_row) const override {
    at::Tensor changed = rows.clone();
    inner_->apply(changed, first_row);
    if (norm_.defined()) {
      changed.mul_(magnitude_ / (norm_ + kNormEps));
    } else {
      const at::Tensor norm = at::linalg_vector_norm(changed, 2, {1}, /*keepdim=*/true);
      changed.mul_(magnitude_.narrow(0, first_row, rows.size(0)) / (norm + kNormEps));
    }
    rows.lerp_(changed, strength_);
  }

 private:
  std::shared_ptr<const WeightChange> inner_;
  at::Tensor magnitude_, norm_;
  double strength_;
};

}  // namespace

std::shared_ptr<const WeightChange> low_rank_change(LowRank product) {
  return std::make_shared<LowRankChange>(std::move(product));
}

std::shared_ptr<const WeightChange> hadamard_change(const LowRank& one, const LowRank& two, double scale) {
  return std::make_shared<HadamardChange>(one, two, scale);
}

std::shared_ptr<const WeightChange> kronecker_change(at::Tensor w1, at::Tensor w2, std::int64_t first_row,
                                                     double scale) {
  return std::make_shared<KroneckerChange>(std::move(w1), std::move(w2), first_row, scale);
}

std::shared_ptr<const WeightChange> difference_change(at::Tensor difference, double scale) {
  return std::make_shared<DifferenceChange>(std::move(difference), scale);
}

std::shared_ptr<const WeightChange> decomposed_change(std::shared_ptr<const WeightChange> inner, at::Tensor magnitude,
                                                      at::Tensor norm, double strength) {
  return std::make_shared<DecomposedChange>(std::move(inner), std::move(magnitude), std::move(norm), strength);
}

void apply(const WeightChanges& changes, at::Tensor& rows, std::int64_t first_row) {
  for (const auto& change : changes) change->apply(rows, first_row);
}

}  // namespace zimage::nn
