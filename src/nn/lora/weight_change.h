// Changes of a weight's rows, as LoRAs describe them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace zimage::nn {

/// A product of two thin matrices: up [rows, rank] · down [rank, columns], both fp32, the scale included.
struct LowRank {
  at::Tensor up;
  at::Tensor down;
};

class WeightChange {
 public:
  virtual ~WeightChange() = default;
  /// Changes rows [first_row, first_row + n) of the weight, which are fp32 [n, columns] and contiguous, in place.
  virtual void apply(at::Tensor& rows, std::int64_t first_row) const = 0;
  /// Returns the product that the change adds, if that is all it does, else null.
  virtual const LowRank* low_rank() const { return nullptr; }
};

/// The changes of a weight, in the order in which they apply.
using WeightChanges = std::vector<std::shared_ptr<const WeightChange>>;

/// W += up · down.
std::shared_ptr<const WeightChange> low_rank_change(LowRank product);

/// W += scale · (a1 · b1) ⊙ (a2 · b2); a1, a2 [rows, rank] and b1, b2 [rank, columns], fp32.
std::shared_ptr<const WeightChange> hadamard_change(const LowRank& one, const LowRank& two, double scale);

/// W += scale · rows of w1 ⊗ w2 from `first_row` on; w1 [a, b], w2 [c, d], fp32, with b · d columns.
std::shared_ptr<const WeightChange> kronecker_change(at::Tensor w1, at::Tensor w2, std::int64_t first_row,
                                                     double scale);

/// W += scale · difference [rows, columns], which may have any floating dtype.
std::shared_ptr<const WeightChange> difference_change(at::Tensor difference, double scale);

/// DoRA: with V = W changed by `inner`, W += strength · (V · magnitude / norm − W). `magnitude` is fp32: [rows, 1],
/// where the norm is each row's, or [1, columns], where `norm` [1, columns] is given. Source of the formula: DoRA,
/// arXiv 2402.09353; LyCORIS (norms of rows or of columns); ComfyUI (the strength goes from W to the result).
std::shared_ptr<const WeightChange> decomposed_change(std::shared_ptr<const WeightChange> inner, at::Tensor magnitude,
                                                      at::Tensor norm, double strength);

/// Applies the changes in order.
void apply(const WeightChanges& changes, at::Tensor& rows, std::int64_t first_row);

}  // namespace zimage::nn
