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
  std::shared_ptr<const LinearWeight> mapped(const TensorMap& map) const override { return dense_weight(map(weight_)); }
  at::Tensor dense() const override { return weight_; }

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

/// Returns whether oneDNN multiplies packed bf16 on this processor: it refuses where that would be emulated.
bool packs_bf16() {
  try {
    const at::Tensor square = at::ones({16, 16}, at::kBFloat16);
    return PackedWeight(square).forward(square, {}).defined();
  } catch (const c10::Error&) {
    return false;
  }
}

}  // namespace

std::shared_ptr<const LinearWeight> LinearWeight::mapped(const TensorMap&) const {
  TORCH_CHECK(false, "this kind of weight has a fixed place");
}

void map_tensors(Linear& layer, const TensorMap& map) {
  if (layer.weight != nullptr) layer.weight = layer.weight->mapped(map);
  if (layer.bias.defined()) layer.bias = map(layer.bias);
}

std::shared_ptr<const LinearWeight> dense_weight(at::Tensor weight) {
  return std::make_shared<DenseWeight>(std::move(weight));
}

std::shared_ptr<const LinearWeight> packed_weight(const at::Tensor& weight) {
  return std::make_shared<PackedWeight>(weight);
}

bool packing_available(at::ScalarType dtype) {
  static const bool known = at::hasMKLDNN() && c10::Dispatcher::singleton().findSchema({kReorder, ""}).has_value() &&
                            c10::Dispatcher::singleton().findSchema({kLinear, ""}).has_value();
  static const bool bf16 = known && packs_bf16();
  return dtype == at::kFloat ? known : dtype == at::kBFloat16 && bf16;
}

}  // namespace zimage::nn
