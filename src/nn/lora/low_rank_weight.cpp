#include "nn/lora/low_rank_weight.h"

#include <ATen/ATen.h>

#include <utility>

namespace zimage::nn {
namespace {

class WeightWithLowRank final : public LinearWeight {
 public:
  WeightWithLowRank(std::shared_ptr<const LinearWeight> weight, at::Tensor up, at::Tensor down)
      : weight_(std::move(weight)), up_(std::move(up)), down_(std::move(down)) {}
  at::Tensor forward(const at::Tensor& x, const at::Tensor& bias) const override {
    return weight_->forward(x, bias).add_(at::linear(at::linear(x, down_), up_));
  }
  std::shared_ptr<const LinearWeight> mapped(const TensorMap& map) const override {
    return std::make_shared<WeightWithLowRank>(weight_->mapped(map), up_, down_);
  }

 private:
  std::shared_ptr<const LinearWeight> weight_;
  at::Tensor up_, down_;
};

}  // namespace

std::shared_ptr<const LinearWeight> with_low_rank(std::shared_ptr<const LinearWeight> weight,
                                                  const std::vector<LowRank>& products, at::ScalarType dtype) {
  std::vector<at::Tensor> ups, downs;
  for (const LowRank& product : products) {
    ups.push_back(product.up);
    downs.push_back(product.down);
  }
  // The products of several LoRAs are one product of a larger rank.
  return std::make_shared<WeightWithLowRank>(std::move(weight), at::cat(ups, 1).to(dtype), at::cat(downs, 0).to(dtype));
}

}  // namespace zimage::nn
