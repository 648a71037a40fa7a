#include "nn/quantised/quantised_weight.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "nn/quantised/dequantise.h"

namespace zimage::nn {
namespace {

// A panel should stay in the processor's cache between being written and being multiplied. On a device there is no such
// cache, and every panel costs launches.
constexpr std::int64_t kPanelBytes = std::int64_t{8} << 20;
constexpr std::int64_t kDevicePanelBytes = std::int64_t{256} << 20;
constexpr std::int64_t kRowMultiple = 64;

class QuantisedWeight final : public LinearWeight {
 public:
  QuantisedWeight(StoredWeight weight, at::ScalarType dtype, std::shared_ptr<Workspace> workspace,
                  WeightChanges changes)
      : weight_(std::move(weight)), dtype_(dtype), workspace_(std::move(workspace)), changes_(std::move(changes)) {
    const std::int64_t row = weight_.columns() * static_cast<std::int64_t>(c10::elementSize(dtype));
    const std::int64_t most = panel_bytes(weight_.data.device());
    panel_rows_ = std::max(kRowMultiple, most / std::max<std::int64_t>(row, 1) / kRowMultiple * kRowMultiple);
  }

  at::Tensor forward(const at::Tensor& x, const at::Tensor& bias) const override {
    const std::int64_t rows = weight_.row_count();
    if (rows <= panel_rows_) return multiply(x, 0, rows, bias);
    std::vector<std::int64_t> shape = x.sizes().vec();
    shape.back() = rows;
    at::Tensor out = at::empty(shape, x.options());
    for (std::int64_t begin = 0; begin < rows; begin += panel_rows_) {
      const std::int64_t count = std::min(panel_rows_, rows - begin);
      out.narrow(-1, begin, count).copy_(multiply(x, begin, count, bias));
    }
    return out;
  }

  std::shared_ptr<const LinearWeight> mapped(const TensorMap& map) const override {
    StoredWeight weight = weight_;
    for (auto* part : {&weight.data, &weight.scale, &weight.block_scale, &weight.column_scale}) {
      if (part->defined()) *part = map(*part);
    }
    return std::make_shared<QuantisedWeight>(std::move(weight), dtype_, workspace_, changes_);
  }

 private:
  at::Tensor multiply(const at::Tensor& x, std::int64_t begin, std::int64_t count, const at::Tensor& bias) const {
    const auto dtype = changes_.empty() ? dtype_ : at::kFloat;
    at::Tensor panel = workspace_->take(count, weight_.columns(), dtype, weight_.data.device());
    dequantise_rows(weight_, begin, count, panel);
    if (!changes_.empty()) {
      apply(changes_, panel, begin);
      panel = panel.to(dtype_);
    }
    const auto part = bias.defined() ? std::optional<at::Tensor>(bias.narrow(0, begin, count)) : std::nullopt;
    return at::linear(x, panel, part);
  }

  StoredWeight weight_;
  at::ScalarType dtype_;
  std::shared_ptr<Workspace> workspace_;
  WeightChanges changes_;
  std::int64_t panel_rows_ = 0;
};

}  // namespace

std::int64_t panel_bytes(at::Device device) { return device.is_cpu() ? kPanelBytes : kDevicePanelBytes; }

std::shared_ptr<const LinearWeight> quantised_weight(StoredWeight weight, at::ScalarType dtype,
                                                     std::shared_ptr<Workspace> workspace, WeightChanges changes) {
  return std::make_shared<QuantisedWeight>(std::move(weight), dtype, std::move(workspace), std::move(changes));
}

}  // namespace zimage::nn
