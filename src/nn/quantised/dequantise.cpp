#include "nn/quantised/dequantise.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <vector>

#include "nn/kernels/kernel_ops.h"
#include "nn/quantised/gguf_blocks.h"
#include "nn/quantised/scaled_rows.h"

namespace zimage::nn {
namespace {

void write_row(const StoredWeight& weight, std::int64_t row, float* out) {
  if (is_gguf_block(weight.encoding)) {
    const auto* data = weight.data.const_data_ptr<std::uint8_t>() + row * weight.data.stride(0);
    cpu::dequantise_gguf_row(weight.encoding, data, out, weight.columns());
  } else {
    cpu::dequantise_scaled_row(weight, row, out);
  }
}

template <class Number>
void write_rows(const StoredWeight& weight, std::int64_t begin, std::int64_t count, Number* out) {
  const std::int64_t columns = weight.columns();
  at::parallel_for(0, count, 1, [&](std::int64_t from, std::int64_t to) {
    if constexpr (std::is_same_v<Number, float>) {
      for (std::int64_t row = from; row < to; ++row) write_row(weight, begin + row, out + row * columns);
    } else {
      std::vector<float> values(static_cast<std::size_t>(columns));
      for (std::int64_t row = from; row < to; ++row) {
        write_row(weight, begin + row, values.data());
        for (std::int64_t i = 0; i < columns; ++i) out[row * columns + i] = values[static_cast<std::size_t>(i)];
      }
    }
  });
}

}  // namespace

void dequantise_rows(const StoredWeight& weight, std::int64_t begin, std::int64_t count, at::Tensor& out) {
  if (out.numel() == 0) return;  // a hostile shape like [2^62, 0] has many rows
  if (is_dense(weight.encoding)) {
    out.copy_(weight.data.narrow(0, begin, count).reshape({count, weight.columns()}));
    return;
  }
  kernels::KernelId kernel{};
  auto* executor = kernels::unpacks(weight, &kernel) ? kernels::executor_for(out, kernel) : nullptr;
  if (executor != nullptr) {
    kernels::unpack(*executor, weight.rows(begin, count), out);
    return;
  }
  if (!weight.data.is_cpu()) {
    out.copy_(twin::dequantise(weight.rows(begin, count)));
    return;
  }
  switch (out.scalar_type()) {
    case at::kFloat: write_rows(weight, begin, count, out.mutable_data_ptr<float>()); break;
    case at::kBFloat16: write_rows(weight, begin, count, out.mutable_data_ptr<at::BFloat16>()); break;
    case at::kHalf: write_rows(weight, begin, count, out.mutable_data_ptr<at::Half>()); break;
    default: TORCH_CHECK(false, "weights are dequantised to fp32, bf16 or fp16");
  }
}

at::Tensor dequantise(const StoredWeight& weight, at::ScalarType dtype) {
  if (is_dense(weight.encoding)) return weight.data.to(dtype);
  at::Tensor out =
      at::empty({weight.row_count(), weight.columns()}, at::TensorOptions(dtype).device(weight.data.device()));
  dequantise_rows(weight, 0, weight.row_count(), out);
  return out.view(weight.shape);
}

namespace twin {

at::Tensor dequantise(const StoredWeight& weight) {
  return is_gguf_block(weight.encoding) ? dequantise_gguf(weight.encoding, weight.data) : dequantise_scaled(weight);
}

}  // namespace twin

}  // namespace zimage::nn
