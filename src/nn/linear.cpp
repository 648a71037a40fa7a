#include "nn/linear.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <optional>
#include <utility>

namespace zimage::nn {
namespace {

class DenseWeight final : public LinearWeight {
 public:
  explicit DenseWeight(at::Tensor weight) : weight_(std::move(weight)) {}
  at::Tensor forward(const at::Tensor& x, const at::Tensor& bias) const override {
    return at::linear(x, weight_, bias.defined() ? std::optional<at::Tensor>(bias) : std::nullopt);
  }

 private:
  at::Tensor weight_;
};

// oneDNN's prepacked linear has no C++ header, so its operators are looked up by name.
constexpr const char* kReorder = "mkldnn::_reorder_linear_weight";
constexpr const char* kLinear = "mkldnn::_linear_pointwise";
using ReorderSchema = at::Tensor(const at::Tensor&, std::optional<c10::SymInt>);
using LinearSchema = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                                c10::string_view, c10::List<std::optional<at::Scalar>>,
                                std::optional<c10::string_view>);

class PackedWeight final : public LinearWeight {
 public:
  explicit PackedWeight(const at::Tensor& weight)
      : linear_(c10::Dispatcher::singleton().findSchemaOrThrow(kLinear, "").typed<LinearSchema>()) {
    static const auto reorder = c10::Dispatcher::singleton().findSchemaOrThrow(kReorder, "").typed<ReorderSchema>();
    weight_ = reorder.call(weight, std::nullopt);
  }
  at::Tensor forward(const at::Tensor& x, const at::Tensor& bias) const override {
    return linear_.call(x, weight_, bias.defined() ? std::optional<at::Tensor>(bias) : std::nullopt, "none",
                        c10::List<std::optional<at::Scalar>>(), "");
  }

 private:
  c10::TypedOperatorHandle<LinearSchema> linear_;
  at::Tensor weight_;
};

}  // namespace

std::shared_ptr<const LinearWeight> dense_weight(at::Tensor weight) {
  return std::make_shared<DenseWeight>(std::move(weight));
}

std::shared_ptr<const LinearWeight> packed_weight(const at::Tensor& weight) {
  return std::make_shared<PackedWeight>(weight);
}

bool packing_available() {
  static const bool available = at::hasMKLDNN() &&
                                c10::Dispatcher::singleton().findSchema({kReorder, ""}).has_value() &&
                                c10::Dispatcher::singleton().findSchema({kLinear, ""}).has_value();
  return available;
}

}  // namespace zimage::nn
