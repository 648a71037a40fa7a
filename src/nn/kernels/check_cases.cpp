#include "nn/kernels/check_cases.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <array>
#include <limits>
#include <random>
#include <sstream>
#include <utility>
#include <vector>

#include "base/text.h"
#include "nn/fp8/fp8_product.h"
#include "nn/kernels/kernel_ops.h"
#include "nn/ops.h"
#include "nn/quantised/dequantise.h"

namespace zimage::nn::kernels {
namespace {

constexpr double kEps = 1e-5;

/// The widths of rows: odd ones, one for each number of lanes, and those of Z-Image (heads, caption, width).
constexpr std::array<std::int64_t, 9> kWidths = {1, 37, 128, 516, 1026, 2560, 3840, 8191, 16388};

at::ScalarType dtype_of(ElementId element) {
  switch (element) {
    case ElementId::kFloat: return at::kFloat;
    case ElementId::kBf16: return at::kBFloat16;
    case ElementId::kHalf: return at::kHalf;
  }
  return at::kFloat;
}

/// Makes the inputs. They are drawn on the CPU from a generator of its own, so that nobody else's numbers change.
class Inputs {
 public:
  Inputs(const at::Device& device, ElementId element)
      : device_(device),
        dtype_(dtype_of(element)),
        generator_(at::detail::createCPUGenerator(std::random_device()())) {}

  at::Tensor floats(at::IntArrayRef shape) { return at::randn(shape, generator_, at::kFloat).to(device_); }
  at::Tensor numbers(at::IntArrayRef shape) { return floats(shape).to(dtype_); }
  /// Bytes, of which no two side by side are an fp16, and none an fp8, that isn't finite.
  at::Tensor bytes(at::IntArrayRef shape) {
    const at::Tensor any = at::randint(256, shape, generator_, at::kInt);
    const at::Tensor all_ones = any.bitwise_and(0x7C).eq(0x7C);
    return at::where(all_ones, any.bitwise_and(0xBF), any).to(at::kByte).to(device_);
  }
  at::ScalarType dtype() const { return dtype_; }
  at::Device device() const { return device_; }

 private:
  at::Device device_;
  at::ScalarType dtype_;
  at::Generator generator_;
};

/// How far results may be from ATen's. The kernels round where ATen does, so that only the order of a sum and the last
/// bit of a root or a power differ. Now and then that moves a rounding by a unit in the last place, and each of
/// up to three later ones may add another. What is wrong in a kernel is wrong in more numbers than that happens to.
struct Bound {
  double step;   ///< of the size of what is added or multiplied
  double share;  ///< of the numbers that may differ: a row has few different 16-bit numbers, whose equals move together
  double least;  ///< the step of the smallest numbers
};

Bound bound_of(at::ScalarType dtype) {
  if (dtype == at::kBFloat16) return {1.0 / 32, 0.02, 1e-37};
  if (dtype == at::kHalf) return {1.0 / 256, 0.02, 4.0 / (1 << 24)};
  return {1.0 / 65536, 1.0, 1e-37};
}

/// Collects what differs.
class Comparison {
 public:
  explicit Comparison(at::ScalarType dtype) : bound_(bound_of(dtype)) {}

  /// Compares what a kernel made with what ATen makes; `size` bounds the numbers that were added up in it.
  void compare(const at::Tensor& made, const at::Tensor& expected, const at::Tensor& size) {
    if (made.sizes() != expected.sizes()) {
      report("a result has the wrong shape");
      return;
    }
    const at::Tensor a = made.to(at::kFloat), b = expected.to(at::kFloat);
    const at::Tensor distance = (a - b).abs(), same = a.eq(b);
    const at::Tensor allowed = distance <= size.to(at::kFloat).abs() * bound_.step + bound_.least;
    const auto far = same.logical_or(allowed).logical_not().sum().item<std::int64_t>();
    const auto different = same.logical_not().sum().item<std::int64_t>();
    // Of few numbers, some may always differ.
    const auto most =
        std::max<std::int64_t>(3, static_cast<std::int64_t>(bound_.share * static_cast<double>(a.numel())));
    if (far == 0 && different <= most) return;
    std::ostringstream text;
    text << (far > 0 ? far : different) << " of " << a.numel() << " numbers differ from libtorch's";
    if (far > 0) text << ", by up to " << distance.nan_to_num(1e30, 1e30).max().item<double>();
    report(text.str());
  }
  void compare(const at::Tensor& made, const at::Tensor& expected) { compare(made, expected, expected); }
  /// Compares where nothing is added up in an order of its own.
  void compare_bits(const at::Tensor& made, const at::Tensor& expected) {
    if (made.sizes() == expected.sizes() && made.eq(expected).all().item<bool>()) return;
    report("numbers differ from libtorch's");
  }

  const std::string& first() const { return first_; }

 private:
  void report(const std::string& text) {
    if (first_.empty()) first_ = text;
  }
  Bound bound_;
  std::string first_;
};

/// Returns a view of numbers [rows, width] whose rows don't follow each other.
at::Tensor strided(Inputs& in, std::int64_t rows, std::int64_t width) {
  return in.numbers({1, rows, width + 3}).narrow(-1, 1, width);
}

void check_norm(Executor& executor, Inputs& in, Comparison& result) {
  for (const std::int64_t width : kWidths) {
    const at::Tensor x = in.numbers({1, 5, width}), weight = in.numbers({width}), scale = in.numbers({1, 1, width});
    const at::Tensor expected = twin::rms_norm(x, weight, kEps);
    const at::Tensor apart = strided(in, 5, width);
    result.compare(norm(executor, apart, weight, kEps, {}), twin::rms_norm(apart, weight, kEps));
    result.compare(norm(executor, x, weight, kEps, scale), expected * scale);
  }
}

void check_norm_rope(Executor& executor, Inputs& in, Comparison& result) {
  for (const std::int64_t dim : {2, 30, 128, 256}) {
    constexpr std::int64_t kBatch = 2, kTokens = 7, kHeads = 3, kKeyHeads = 2;
    // q and k lie side by side, as a packed product leaves them.
    const at::Tensor packed = in.numbers({kBatch, kTokens, kHeads + kKeyHeads + 1, dim});
    const at::Tensor q = packed.narrow(2, 0, kHeads), k = packed.narrow(2, kHeads, kKeyHeads);
    const at::Tensor weight_q = in.numbers({dim}), weight_k = in.numbers({dim});
    const at::Tensor angle = in.floats({kTokens, dim / 2});
    const at::Tensor rope = at::stack({angle.cos(), angle.sin()}, -1).contiguous();
    const at::Tensor expected_q = twin::norm_rope(q, weight_q, kEps, rope);
    const at::Tensor expected_k = twin::norm_rope(k, weight_k, kEps, rope);
    const at::Tensor rest = packed.narrow(2, kHeads + kKeyHeads, 1).clone();
    // One number of a pair may cancel out, so a pair's length is the size.
    const auto length = [](const at::Tensor& t) {
      const at::Tensor pairs = t.to(at::kFloat).unflatten(-1, {-1, 2});
      return pairs.norm(2, {-1}, true).expand_as(pairs).flatten(3);
    };
    norm_rope_(executor, q, weight_q, k, weight_k, kEps, rope);
    result.compare(q, expected_q, length(expected_q));
    result.compare(k, expected_k, length(expected_k));
    result.compare_bits(packed.narrow(2, kHeads + kKeyHeads, 1), rest);
  }
}

/// The inputs of a gated residual, and what ATen makes of them.
struct Residual {
  at::Tensor x, y, weight, gate, expected, size;
};

Residual residual(Inputs& in, std::int64_t width, bool gated) {
  Residual r{in.numbers({1, 5, width}), in.numbers({1, 5, width}), in.numbers({width}), {}, {}, {}};
  if (gated) r.gate = in.numbers({1, 1, width});
  r.expected = twin::add_gated_norm(r.x, r.y, r.weight, kEps, r.gate);
  const at::Tensor normed = twin::rms_norm(r.y, r.weight, kEps);
  r.size = r.x.abs() + (gated ? r.gate * normed : normed).abs();
  return r;
}

void check_add_gated_norm(Executor& executor, Inputs& in, Comparison& result) {
  for (const std::int64_t width : kWidths) {
    for (const bool gated : {false, true}) {
      const Residual r = residual(in, width, gated);
      result.compare(add_gated_norm_(executor, r.x, r.y, r.weight, kEps, r.gate), r.expected, r.size);
    }
  }
}

void check_add_gated_norm_then_norm(Executor& executor, Inputs& in, Comparison& result) {
  for (const std::int64_t width : kWidths) {
    for (const bool gated : {false, true}) {
      const Residual r = residual(in, width, gated);
      const at::Tensor weight = in.numbers({width}), scale = in.numbers({1, 1, width});
      const auto [x, next] = add_gated_norm_then_norm_(executor, r.x, r.y, r.weight, kEps, r.gate,
                                                       {weight, gated ? scale : at::Tensor(), kEps});
      result.compare(x, r.expected, r.size);
      // The expected norm is that of the sum that the kernel itself made: a moved rounding there doesn't count twice.
      const at::Tensor expected = twin::rms_norm(x, weight, kEps);
      result.compare(next, gated ? expected * scale : expected);
    }
  }
}

void check_swiglu(Executor& executor, Inputs& in, Comparison& result) {
  for (const std::int64_t width : kWidths) {
    const at::Tensor both = in.numbers({1, 5, 2 * width}) * 4;
    const at::Tensor gate = both.narrow(-1, 0, width), up = both.narrow(-1, width, width);
    result.compare(swiglu(executor, gate, up), twin::swiglu_(gate.clone(), up));
  }
}

void check_layer_norm(Executor& executor, Inputs& in, Comparison& result) {
  for (const std::int64_t width : {37, 128, 1026, 3840}) {
    const at::Tensor x = in.numbers({1, 5, width}) + 0.5, scale = in.numbers({1, 1, width});
    const at::Tensor expected = twin::modulated_layer_norm(x, kEps, scale);
    // What lies near the mean cancels out, so the scale is the size there.
    result.compare(modulated_layer_norm(executor, x, kEps, scale), expected, at::maximum(expected.abs(), scale.abs()));
  }
}

void check_group_norm(Executor& executor, Inputs& in, Comparison& result) {
  for (const auto& [channels, groups, height, width] :
       std::vector<std::array<std::int64_t, 4>>{{6, 3, 5, 7}, {64, 32, 9, 33}, {512, 32, 3, 5}}) {
    const at::Tensor x = (in.numbers({2, channels, height, width}) * 2 + 1).contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor weight = in.numbers({channels}), bias = in.numbers({channels});
    // In fp32, because on CUDA ATen rounds the mean and the deviation of 16-bit maps to 16 bits.
    const at::Tensor normed =
        at::group_norm(x.to(at::kFloat), groups, weight.to(at::kFloat), bias.to(at::kFloat), kEps).to(in.dtype());
    const at::Tensor size = (weight.abs() * 4 + bias.abs()).view({1, channels, 1, 1}).expand_as(x);
    for (const bool with_silu : {false, true}) {
      const at::Tensor made = group_norm(executor, x, groups, weight, bias, kEps, with_silu);
      result.compare(made, with_silu ? at::silu(normed) : normed, size);
    }
  }
}

/// Returns the stored weights that a kernel unpacks.
std::vector<StoredWeight> stored_weights(KernelId kernel, Inputs& in) {
  std::vector<StoredWeight> weights;
  constexpr std::int64_t kRows = 5, kBlocks = 3;
  for (int i = 0; i <= static_cast<int>(Encoding::kIQ4_XS); ++i) {
    const auto encoding = static_cast<Encoding>(i);
    KernelId found{};
    const EncodingInfo& info = info_of(encoding);
    const std::int64_t columns = is_gguf_block(encoding) ? kBlocks * info.block_values : 192;
    StoredWeight weight{.encoding = encoding, .shape = {kRows, columns}};
    if (is_dense(encoding) || !unpacks(weight, &found) || found != kernel) continue;
    const std::int64_t row_bytes = columns / info.block_values * info.block_bytes;
    weight.data = in.bytes({kRows, row_bytes + 2}).narrow(1, 0, row_bytes);
    if (is_gguf_block(encoding)) {
      weights.push_back(weight);
      continue;
    }
    weight.scale = in.floats({kRows}).abs();
    weights.push_back(weight);
    weight.scale = in.floats({}).abs();
    weight.column_scale = in.floats({columns});
    weights.push_back(weight);
    if (encoding != Encoding::kInt8) continue;
    weight.rotation = 16;
    weights.push_back(weight);
  }
  return weights;
}

void check_unpack(KernelId kernel, Executor& executor, Inputs& in, Comparison& result) {
  const std::vector<StoredWeight> weights = stored_weights(kernel, in);
  TORCH_CHECK(!weights.empty(), "no weight is stored so that ", info_of(kernel).name, " unpacks it");
  for (const StoredWeight& weight : weights) {
    at::Tensor out =
        at::empty({weight.row_count(), weight.columns()}, at::TensorOptions(in.dtype()).device(in.device()));
    unpack(executor, weight, out);
    result.compare_bits(out, twin::dequantise(weight).to(in.dtype()));
  }
}

void check_quantise_fp8(Executor& executor, Inputs& in, Comparison& result) {
  for (const std::int64_t width : kWidths) {
    at::Tensor x = in.numbers({5, width + 3}).narrow(1, 1, width);
    x[1].zero_();
    x[2].select(0, width / 2).mul_(100.0);
    x[3].select(0, width / 2).fill_(std::numeric_limits<double>::infinity());
    const auto [codes, scales] = quantise_fp8(executor, x);
    const Fp8Rows expected = twin::quantise_fp8(x);
    result.compare_bits(codes.view(at::kByte), expected.codes.view(at::kByte));
    result.compare_bits(scales, expected.scales);
  }
}

}  // namespace

std::string run_cases(Executor& executor, const at::Device& device, KernelId kernel, ElementId element) {
  Inputs in(device, element);
  Comparison result(in.dtype());
  switch (kernel) {
    case KernelId::kNorm: check_norm(executor, in, result); break;
    case KernelId::kNormRope: check_norm_rope(executor, in, result); break;
    case KernelId::kAddGatedNorm: check_add_gated_norm(executor, in, result); break;
    case KernelId::kAddGatedNormThenNorm: check_add_gated_norm_then_norm(executor, in, result); break;
    case KernelId::kSwiglu: check_swiglu(executor, in, result); break;
    case KernelId::kLayerNorm: check_layer_norm(executor, in, result); break;
    case KernelId::kGroupNormParts:
    case KernelId::kGroupNormAffine:
    case KernelId::kGroupNormApply: check_group_norm(executor, in, result); break;
    case KernelId::kQuantiseFp8: check_quantise_fp8(executor, in, result); break;
    default: check_unpack(kernel, executor, in, result); break;
  }
  return result.first();
}

}  // namespace zimage::nn::kernels
