#include "nn/fp8/fp8_product.h"

#include <ATen/ATen.h>

#include "nn/kernels/cuda_driver.h"
#include "nn/kernels/kernel_ops.h"

namespace zimage::nn {
namespace {

/// The least compute capability with matrix units for fp8.
constexpr int kCapability = 89;

/// Multiplies on a card. Its fast sums keep fewer bits than fp32 on Hopper, so they are left off.
at::Tensor scaled_product(const Fp8Rows& rows, const Fp8Rows& matrix) {
  return at::_scaled_mm(rows.codes, matrix.codes.t(), rows.scales, matrix.scales.t(), {}, {}, at::kBFloat16,
                        /*use_fast_accum=*/false);
}

/// Returns whether a small product comes out right. libtorch throws if it has no kernel.
bool product_works(at::Device device) {
  constexpr std::int64_t kRows = 32, kColumns = 64, kOut = 48;
  const auto options = at::TensorOptions(at::kFloat).device(device);
  const Fp8Rows rows{at::ones({kRows, kColumns}, options).to(at::kFloat8_e4m3fn), at::full({kRows, 1}, 2.0, options)};
  const Fp8Rows matrix{at::ones({kOut, kColumns}, options).to(at::kFloat8_e4m3fn), at::full({kOut, 1}, 0.5, options)};
  try {
    return scaled_product(rows, matrix).eq(static_cast<double>(kColumns)).all().item<bool>();
  } catch (const c10::OutOfMemoryError&) {
    throw;
  } catch (const c10::AcceleratorError&) {
    throw;  // the device may be lost, which pipeline/torch_error decides
  } catch (const c10::Error&) {
    return false;
  }
}

}  // namespace

bool fp8_available(at::Device device) {
  if (!device.is_cuda()) return false;
  const auto* driver = kernels::CudaDriver::get();
  return driver != nullptr && driver->capability(device.index()) >= kCapability && product_works(device);
}

Fp8Rows quantise_fp8_rows(const at::Tensor& x) {
  auto* executor = kernels::executor_for(x, kernels::KernelId::kQuantiseFp8);
  if (executor == nullptr) return twin::quantise_fp8(x);
  auto [codes, scales] = kernels::quantise_fp8(*executor, x);
  return {std::move(codes), std::move(scales)};
}

at::Tensor multiply_fp8(const Fp8Rows& rows, const Fp8Rows& matrix, at::ScalarType dtype) {
  if (!rows.codes.is_cuda()) return twin::multiply_fp8(rows, matrix, dtype);
  if (rows.codes.size(0) == 0) return at::empty({0, matrix.codes.size(0)}, rows.scales.options().dtype(dtype));
  return scaled_product(rows, matrix).to(dtype);
}

}  // namespace zimage::nn
