#include "pipeline/tools/launch_counter.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace zimage {
namespace {

using nn::kernels::KernelId;
using nn::kernels::Launch;

/// These are one kernel on a card, though ATen makes them of other operations.
constexpr std::array<std::string_view, 1> kAttention = {"aten::scaled_dot_product_attention"};
constexpr std::array<std::string_view, 8> kProducts = {
    "aten::mm",    "aten::addmm",       "aten::bmm",        "aten::baddbmm",
    "aten::addmv", "aten::convolution", "aten::_scaled_mm", "mkldnn::_linear_pointwise"};
/// These launch nothing, and ATen doesn't say so.
constexpr std::array<std::string_view, 6> kSilent = {
    "aten::_fused_sdp_choice", "aten::scalar_tensor", "aten::resize_", "aten::set_", "aten::detach",
    "aten::lift_fresh"};
/// These write their first argument and don't read it.
constexpr std::array<std::string_view, 3> kOverwrites = {"aten::copy_", "aten::fill_", "aten::zero_"};

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void add_tensors(const c10::IValue& value, std::vector<at::Tensor>& tensors) {
  if (value.isTensor()) {
    // oneDNN's packed weights are tensors without storage.
    if (value.toTensor().defined() && value.toTensor().has_storage()) tensors.push_back(value.toTensor());
  } else if (value.isTensorList()) {
    for (const at::Tensor& tensor : value.toTensorVector()) tensors.push_back(tensor);
  }
}

/// Returns the bytes of the tensor's elements; those that are shown several times count once. A number that is an
/// operation's argument is no memory.
double bytes_of(const at::Tensor& tensor) {
  if (tensor.dim() == 0) return 0;
  double bytes = static_cast<double>(tensor.element_size());
  for (std::int64_t d = 0; d < tensor.dim(); ++d) {
    if (tensor.stride(d) != 0) bytes *= static_cast<double>(tensor.size(d));
  }
  return bytes;
}

/// What is known about an operation that has begun.
struct Operation {
  std::string name;
  bool whole = false;       ///< it counts as one, whatever it calls
  bool composed = false;    ///< it has no kernel of its own: only what it calls counts
  bool overwrites = false;  ///< see kOverwrites
  bool changes = false;     ///< it changes an argument
  std::vector<at::Tensor> inputs;
  std::int64_t launches_before = 0;
};

Operation operation_of(const at::RecordFunction& function) {
  Operation op;
  op.name = function.name();
  for (const c10::IValue& input : function.inputs()) add_tensors(input, op.inputs);
  const auto name = function.operator_name();
  const auto handle = name ? c10::Dispatcher::singleton().findSchema(*name) : std::nullopt;
  op.whole = is_one_of(kAttention, op.name) || is_one_of(kProducts, op.name);
  op.overwrites = is_one_of(kOverwrites, op.name);
  if (!handle) return op;
  op.changes = handle->schema().is_mutable();
  const auto has = [&](c10::DispatchKey key) { return handle->hasKernelForDispatchKey(key); };
  op.whole = op.whole || has(c10::DispatchKey::CPU);
  op.composed = !op.whole && has(c10::DispatchKey::CompositeImplicitAutograd);
  return op;
}

/// Returns whether an operation's result is only another look at its input, or memory that nothing was written to.
bool is_silent(const Operation& op, const std::vector<at::Tensor>& outputs) {
  if (op.name.starts_with("aten::empty") || op.name.starts_with("aten::new_empty")) return true;
  if (is_one_of(kSilent, op.name) || outputs.empty()) return true;
  return !op.changes && std::all_of(outputs.begin(), outputs.end(), [&](const at::Tensor& output) {
    return std::any_of(op.inputs.begin(), op.inputs.end(),
                       [&](const at::Tensor& input) { return output.is_alias_of(input); });
  });
}

double traffic_of(const Operation& op, const std::vector<at::Tensor>& outputs) {
  double bytes = 0;
  for (std::size_t i = op.overwrites ? 1 : 0; i < op.inputs.size(); ++i) bytes += bytes_of(op.inputs[i]);
  for (const at::Tensor& output : outputs) bytes += bytes_of(output);
  return bytes;
}

double element_bytes(const Launch& launch) { return launch.element == nn::kernels::ElementId::kFloat ? 4.0 : 2.0; }

/// Returns how many rows a kernel reads and writes for each of its rows; other arguments are one row for all.
double traffic_of(const Launch& launch) {
  const double row = static_cast<double>(launch.width) * element_bytes(launch);
  const double rows = static_cast<double>(launch.rows) * row;
  switch (launch.kernel) {
    case KernelId::kNorm:
    case KernelId::kLayerNorm: return 2 * rows;
    case KernelId::kNormRope: {
      const auto& args = *static_cast<const nn::kernels::NormRopeArgs*>(launch.args);
      return 2 * rows + static_cast<double>(args.rope_tokens * args.dim) * sizeof(float);
    }
    case KernelId::kAddGatedNorm:
    case KernelId::kSwiglu: return 3 * rows;
    case KernelId::kAddGatedNormThenNorm: return 4 * rows;
    case KernelId::kGroupNormParts: return rows;
    case KernelId::kGroupNormAffine: return static_cast<double>(launch.rows * launch.width) * 2 * sizeof(float);
    case KernelId::kGroupNormApply: return 2 * rows;
    case KernelId::kQuantiseFp8: return rows + static_cast<double>(launch.rows * (launch.width + 4));
    default: {  // unpacks
      const auto& args = *static_cast<const nn::kernels::UnpackArgs*>(launch.args);
      return static_cast<double>(launch.rows * args.row_bytes) + rows;
    }
  }
}

}  // namespace

struct LaunchCounter::Impl {
  explicit Impl(at::Device device_) : device(device_) {}

  void begin(const at::RecordFunction& function) {
    if (whole_depth > 0) {
      ++whole_depth;
      return;
    }
    operations.push_back(operation_of(function));
    operations.back().launches_before = counts.launches;
    if (operations.back().whole) whole_depth = 1;
  }

  void end(const at::RecordFunction& function) {
    if (whole_depth > 1) {
      --whole_depth;
      return;
    }
    whole_depth = 0;
    if (operations.empty()) return;
    const Operation op = std::move(operations.back());
    operations.pop_back();
    std::vector<at::Tensor> outputs;
    for (const c10::IValue& output : function.outputs()) add_tensors(output, outputs);
    std::erase_if(outputs, [](const at::Tensor& t) { return !t.defined(); });
    const bool attends = is_one_of(kAttention, op.name);
    const bool here =
        std::any_of(outputs.begin(), outputs.end(), [&](const auto& t) { return t.device().type() == device.type(); });
    // What an operation called has counted already.
    if (!here || op.composed || counts.launches > op.launches_before || is_silent(op, outputs)) return;
    if (is_transfer(op, outputs)) {
      ++counts.transfers;
      return;
    }
    add(op.name, is_one_of(kProducts, op.name), attends, traffic_of(op, outputs));
  }

  static bool is_transfer(const Operation& op, const std::vector<at::Tensor>& outputs) {
    const bool copies = op.name == "aten::copy_";
    if (!copies && op.name != "aten::_to_copy") return false;
    const at::Tensor& source = op.inputs.at(copies ? 1 : 0);
    return source.device().type() != outputs.front().device().type();
  }

  void add(const std::string& name, bool product, bool attention, double bytes) {
    ++counts.launches;
    ++counts.by_name[name];
    counts.products += product ? 1 : 0;
    counts.attentions += attention ? 1 : 0;
    if (!product && !attention) counts.bytes += bytes;
  }

  at::Device device;
  LaunchCounts counts;
  std::vector<Operation> operations;  ///< those that have begun, from the outermost on
  int whole_depth = 0;                ///< how deep the calls are from an operation that counts as one
  at::CallbackHandle callback = at::INVALID_CALLBACK_HANDLE;
};

namespace {

// A callback of libtorch's is a plain function, so it finds its counter here.
thread_local std::function<void(const at::RecordFunction&)> t_begin, t_end;

std::unique_ptr<at::ObserverContext> begin_operation(const at::RecordFunction& function) {
  if (t_begin) t_begin(function);
  return nullptr;
}

void end_operation(const at::RecordFunction& function, at::ObserverContext*) {
  if (t_end) t_end(function);
}

}  // namespace

LaunchCounter::LaunchCounter(at::Device device, nn::kernels::Executor* executor)
    : impl_(std::make_unique<Impl>(device)), executor_(executor) {
  t_begin = [this](const at::RecordFunction& function) { impl_->begin(function); };
  t_end = [this](const at::RecordFunction& function) { impl_->end(function); };
  impl_->callback = at::addThreadLocalCallback(at::RecordFunctionCallback(begin_operation, end_operation)
                                                   .needsInputs(true)
                                                   .needsOutputs(true)
                                                   .scopes({at::RecordScope::FUNCTION}));
}

LaunchCounter::~LaunchCounter() {
  at::removeCallback(impl_->callback);
  t_begin = {};
  t_end = {};
}

void LaunchCounter::run(const Launch& launch) {
  impl_->add(nn::kernels::info_of(launch.kernel).name, false, false, traffic_of(launch));
  if (executor_ != nullptr) executor_->run(launch);
}

const LaunchCounts& LaunchCounter::counts() const { return impl_->counts; }

}  // namespace zimage
