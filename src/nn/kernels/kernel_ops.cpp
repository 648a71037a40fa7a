#include "nn/kernels/kernel_ops.h"

#include <ATen/ATen.h>

#include <atomic>
#include <optional>

#include "nn/kernels/rows.h"

namespace zimage::nn::kernels {
namespace {

std::atomic<Executor*> portable{nullptr};
std::atomic<FindExecutor> find_on_cuda{nullptr};

/// Cells of a map in a part of its statistics: enough that the parts' statistics are a small share of the map's bytes,
/// and few enough that a small map has work for a whole card.
constexpr i64 kPartCells = 64;

template <class Args>
void run(Executor& executor, KernelId kernel, const at::Tensor& x, i64 rows, i64 width, const Args& args) {
  if (rows > 0 && width > 0) executor.run(launch_of(kernel, *element_of(x.scalar_type()), rows, width, args));
}

HeadsArgs heads_of(const at::Tensor& x, const at::Tensor& weight) {
  TORCH_CHECK(has_heads(x), "the heads of q and k must have neighbouring elements");
  HeadsArgs heads{};
  heads.x = x.const_data_ptr();
  heads.out = x.mutable_data_ptr();
  heads.weight = vector_of(weight, x, x.size(3));
  heads.heads = x.size(2);
  heads.x_token_stride = heads.out_token_stride = x.stride(1);
  heads.x_head_stride = heads.out_head_stride = x.stride(2);
  return heads;
}

AddGatedNormArgs add_args(const Rows& x, const Rows& y, const at::Tensor& weight, double eps, const at::Tensor& gate) {
  AddGatedNormArgs a{};
  a.x = x.tensor.mutable_data_ptr();
  a.y = y.tensor.const_data_ptr();
  a.weight = vector_of(weight, x.tensor, x.width);
  a.gate = vector_of(gate, x.tensor, x.width);
  a.dim = x.width;
  a.x_stride = x.stride;
  a.y_stride = y.stride;
  a.eps = static_cast<float>(eps);
  return a;
}

/// Returns the statistics of the parts of a map of contiguous cells, fp32 [images, parts, 2, channels].
at::Tensor map_parts(Executor& executor, const at::Tensor& x, i64 images, i64 cells, i64 channels) {
  const i64 parts = (cells + kPartCells - 1) / kPartCells;
  at::Tensor sums = at::empty({images, parts, 2, channels}, x.options().dtype(at::kFloat));
  GroupNormPartsArgs a{};
  a.x = x.const_data_ptr();
  a.parts = sums.mutable_data_ptr<float>();
  a.channels = channels;
  a.cells = cells;
  a.part_cells = kPartCells;
  run(executor, KernelId::kGroupNormParts, x, images * parts, channels, a);
  return sums;
}

/// Applies affine, fp32 [images, 2, channels], to a map of contiguous cells.
void apply_to_map(Executor& executor, const at::Tensor& x, const at::Tensor& affine, at::Tensor& out, i64 cells,
                  bool silu, bool round_between) {
  GroupNormApplyArgs a{};
  a.x = x.const_data_ptr();
  a.affine = affine.const_data_ptr<float>();
  a.out = out.mutable_data_ptr();
  a.channels = affine.size(-1);
  a.cells = cells;
  a.silu = silu ? 1 : 0;
  a.round_between = round_between ? 1 : 0;
  run(executor, KernelId::kGroupNormApply, x, x.numel() / a.channels, a.channels, a);
}

void check_alike(const at::Tensor& a, const at::Tensor& b) {
  TORCH_CHECK(a.sizes() == b.sizes() && a.scalar_type() == b.scalar_type() && a.device() == b.device(),
              "a kernel's tensors must have one shape, dtype and device");
}

}  // namespace

Executor* executor_for(const at::Tensor& x, KernelId kernel) {
  const std::optional<ElementId> element = element_of(x.scalar_type());
  if (!element) return nullptr;
  // Tensors without memory are for counting: the executor is asked, and must not look at the data.
  if (x.is_cpu() || x.is_meta()) return portable.load();
  const FindExecutor find = x.is_cuda() ? find_on_cuda.load() : nullptr;
  return find == nullptr ? nullptr : find(x.device().index(), kernel, *element);
}

void set_cuda_executors(FindExecutor find) { find_on_cuda.store(find); }

ScopedPortableKernels::ScopedPortableKernels(Executor& executor) : before_(portable.exchange(&executor)) {}
ScopedPortableKernels::~ScopedPortableKernels() { portable.store(before_); }

at::Tensor norm(Executor& executor, const at::Tensor& x, const at::Tensor& weight, double eps,
                const at::Tensor& scale) {
  const Rows in = rows_of(x);
  at::Tensor out = at::empty(x.sizes(), x.options());
  NormArgs a{};
  a.x = in.tensor.const_data_ptr();
  a.weight = vector_of(weight, x, in.width);
  a.scale = vector_of(scale, x, in.width);
  a.out = out.mutable_data_ptr();
  a.dim = a.out_stride = in.width;
  a.x_stride = in.stride;
  a.eps = static_cast<float>(eps);
  run(executor, KernelId::kNorm, x, in.count, in.width, a);
  return out;
}

void norm_rope_(Executor& executor, const at::Tensor& q, const at::Tensor& norm_q, const at::Tensor& k,
                const at::Tensor& norm_k, double eps, const at::Tensor& rope) {
  TORCH_CHECK(rope.scalar_type() == at::kFloat && rope.is_contiguous() && rope.size(0) == q.size(1) &&
                  rope.numel() == q.size(1) * q.size(3) && q.size(3) % 2 == 0,
              "rope must be fp32 [tokens, dim / 2, 2]");
  NormRopeArgs a{};
  a.q = heads_of(q, norm_q);
  if (k.defined()) {
    TORCH_CHECK(k.size(0) == q.size(0) && k.size(1) == q.size(1) && k.size(3) == q.size(3) &&
                    k.scalar_type() == q.scalar_type(),
                "q and k must have the same tokens, dim and dtype");
    a.k = heads_of(k, norm_k);
  }
  a.rope = static_cast<const float*>(rope.const_data_ptr());  // untyped, as it may have no memory
  a.rope_tokens = q.size(1);
  a.dim = q.size(3);
  a.eps = static_cast<float>(eps);
  run(executor, KernelId::kNormRope, q, q.size(0) * q.size(1) * (a.q.heads + a.k.heads), a.dim, a);
}

at::Tensor add_gated_norm_(Executor& executor, at::Tensor x, const at::Tensor& y, const at::Tensor& weight, double eps,
                           const at::Tensor& gate) {
  check_alike(x, y);
  const Rows to = rows_in_place(x), from = rows_of(y);
  run(executor, KernelId::kAddGatedNorm, x, to.count, to.width, add_args(to, from, weight, eps, gate));
  return x;
}

std::pair<at::Tensor, at::Tensor> add_gated_norm_then_norm_(Executor& executor, at::Tensor x, const at::Tensor& y,
                                                            const at::Tensor& weight, double eps,
                                                            const at::Tensor& gate, const NextNorm& next) {
  check_alike(x, y);
  const Rows to = rows_in_place(x), from = rows_of(y);
  at::Tensor out = at::empty(x.sizes(), x.options());
  AddGatedNormThenNormArgs a{};
  a.add = add_args(to, from, weight, eps, gate);
  a.next_weight = vector_of(next.weight, x, to.width);
  a.next_scale = vector_of(next.scale, x, to.width);
  a.next_out = out.mutable_data_ptr();
  a.next_stride = to.width;
  a.next_eps = static_cast<float>(next.eps);
  run(executor, KernelId::kAddGatedNormThenNorm, x, to.count, to.width, a);
  return {std::move(x), std::move(out)};
}

at::Tensor modulated_layer_norm(Executor& executor, const at::Tensor& x, double eps, const at::Tensor& scale) {
  const Rows in = rows_of(x);
  at::Tensor out = at::empty(x.sizes(), x.options());
  LayerNormArgs a{};
  a.x = in.tensor.const_data_ptr();
  a.scale = vector_of(scale, x, in.width);
  a.out = out.mutable_data_ptr();
  a.dim = a.out_stride = in.width;
  a.x_stride = in.stride;
  a.eps = static_cast<float>(eps);
  run(executor, KernelId::kLayerNorm, x, in.count, in.width, a);
  return out;
}

at::Tensor swiglu(Executor& executor, const at::Tensor& gate, const at::Tensor& up, at::Tensor out) {
  check_alike(gate, up);
  const Rows g = rows_of(gate), u = rows_of(up);
  if (!out.defined()) out = at::empty(gate.sizes(), gate.options());
  check_alike(gate, out);
  const Rows to = rows_in_place(out);
  SwigluArgs a{};
  a.gate = g.tensor.const_data_ptr();
  a.up = u.tensor.const_data_ptr();
  a.out = to.tensor.mutable_data_ptr();
  a.width = g.width;
  a.gate_stride = g.stride;
  a.up_stride = u.stride;
  a.out_stride = to.stride;
  run(executor, KernelId::kSwiglu, gate, g.count, g.width, a);
  return out;
}

std::pair<at::Tensor, at::Tensor> quantise_fp8(Executor& executor, const at::Tensor& x) {
  const Rows in = rows_of(x);
  at::Tensor codes = at::empty({in.count, in.width}, x.options().dtype(at::kFloat8_e4m3fn));
  at::Tensor scales = at::empty({in.count, 1}, x.options().dtype(at::kFloat));
  QuantiseFp8Args a{};
  a.x = in.tensor.const_data_ptr();
  a.codes = static_cast<u8*>(codes.mutable_data_ptr());
  a.scale = static_cast<float*>(scales.mutable_data_ptr());
  a.width = a.codes_stride = in.width;
  a.x_stride = in.stride;
  run(executor, KernelId::kQuantiseFp8, x, in.count, in.width, a);
  return {std::move(codes), std::move(scales)};
}

at::Tensor group_norm(Executor& executor, const at::Tensor& x, i64 groups, const at::Tensor& weight,
                      const at::Tensor& bias, double eps, bool silu) {
  TORCH_CHECK(x.is_contiguous(at::MemoryFormat::ChannelsLast) && x.size(1) % groups == 0,
              "a map must be channels-last, and its groups equally large");
  const i64 images = x.size(0), channels = x.size(1), cells = x.size(2) * x.size(3);
  const at::Tensor parts = map_parts(executor, x, images, cells, channels);
  const at::Tensor affine = at::empty({images, 2, channels}, x.options().dtype(at::kFloat));
  at::Tensor out = at::empty(x.sizes(), x.options().memory_format(at::MemoryFormat::ChannelsLast));
  GroupNormAffineArgs whole{};
  whole.parts = parts.const_data_ptr<float>();
  whole.weight = vector_of(weight, x, channels);
  whole.bias = vector_of(bias, x, channels);
  whole.affine = affine.mutable_data_ptr<float>();
  whole.channels = channels;
  whole.groups = groups;
  whole.cells = cells;
  whole.part_cells = kPartCells;
  whole.eps = static_cast<float>(eps);
  run(executor, KernelId::kGroupNormAffine, x, images * groups, parts.size(1) * (channels / groups), whole);
  apply_to_map(executor, x, affine, out, cells, silu, /*round_between=*/true);
  return out;
}

at::Tensor channel_sums(Executor& executor, const at::Tensor& cells) {
  TORCH_CHECK(cells.is_contiguous() && cells.numel() > 0, "there must be cells, and their numbers must be neighbours");
  const i64 channels = cells.size(-1), count = cells.numel() / channels;
  const at::Tensor parts = map_parts(executor, cells, 1, count, channels).squeeze(0).to(at::kDouble);
  const at::Tensor means = parts.select(1, 0);
  const at::Tensor of_squares = means.square();
  // The last part may have fewer cells than the others.
  const i64 last = parts.size(0) - 1;
  const auto all = [&](const at::Tensor& t) {
    return t.sum(0) * static_cast<double>(kPartCells) -
           t.select(0, last) * static_cast<double>((last + 1) * kPartCells - count);
  };
  return at::stack({all(means), all(of_squares) + parts.select(1, 1).sum(0)});
}

void channel_norm(Executor& executor, at::Tensor& out, const at::Tensor& x, const at::Tensor& affine, bool silu) {
  check_alike(out, x);
  TORCH_CHECK(x.is_contiguous() && out.is_contiguous() && affine.is_contiguous() &&
                  affine.scalar_type() == at::kFloat && affine.numel() == 2 * x.size(-1),
              "a map's numbers must be neighbours, with two fp32 numbers for each channel");
  apply_to_map(executor, x, affine, out, x.numel() / x.size(-1), silu, /*round_between=*/false);
}

}  // namespace zimage::nn::kernels
