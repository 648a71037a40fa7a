#include <ATen/ATen.h>

#include <optional>

#include "nn/kernels/kernel_ops.h"
#include "nn/kernels/rows.h"

namespace zimage::nn::kernels {
namespace {

std::optional<KernelId> unpacker_of(Encoding encoding) {
  switch (encoding) {
    case Encoding::kF8E4M3: return KernelId::kUnpackF8E4M3;
    case Encoding::kF8E5M2: return KernelId::kUnpackF8E5M2;
    case Encoding::kInt8: return KernelId::kUnpackInt8;
    case Encoding::kQ4_0: return KernelId::kUnpackQ4_0;
    case Encoding::kQ4_1: return KernelId::kUnpackQ4_1;
    case Encoding::kQ5_0: return KernelId::kUnpackQ5_0;
    case Encoding::kQ5_1: return KernelId::kUnpackQ5_1;
    case Encoding::kQ8_0: return KernelId::kUnpackQ8_0;
    case Encoding::kQ2_K: return KernelId::kUnpackQ2_K;
    case Encoding::kQ3_K: return KernelId::kUnpackQ3_K;
    case Encoding::kQ4_K: return KernelId::kUnpackQ4_K;
    case Encoding::kQ5_K: return KernelId::kUnpackQ5_K;
    case Encoding::kQ6_K: return KernelId::kUnpackQ6_K;
    case Encoding::kIQ4_NL: return KernelId::kUnpackIQ4_NL;
    case Encoding::kIQ4_XS: return KernelId::kUnpackIQ4_XS;
    default: return std::nullopt;
  }
}

bool is_vector_or_absent(const at::Tensor& t) {
  return !t.defined() || (t.scalar_type() == at::kFloat && t.is_contiguous());
}

}  // namespace

bool unpacks(const StoredWeight& weight, KernelId* kernel) {
  const std::optional<KernelId> found = unpacker_of(weight.encoding);
  if (!found || !is_vector_or_absent(weight.scale) || !is_vector_or_absent(weight.column_scale)) return false;
  if (weight.rotation > kMostRotated) return false;
  if (kernel != nullptr) *kernel = *found;
  return true;
}

void unpack(Executor& executor, const StoredWeight& weight, at::Tensor& out) {
  KernelId kernel{};
  const i64 columns = weight.columns();
  TORCH_CHECK(unpacks(weight, &kernel) && out.is_contiguous() && out.numel() == weight.values(),
              "there is no kernel that unpacks this weight to this tensor");
  if (out.numel() == 0) return;
  UnpackArgs a{};
  a.data = weight.data.const_data_ptr<std::uint8_t>();
  if (weight.scale.defined()) {
    a.scale = weight.scale.const_data_ptr<float>();
    a.scale_stride = weight.scale.dim() == 0 ? 0 : 1;
  }
  if (weight.column_scale.defined()) a.column_scale = weight.column_scale.const_data_ptr<float>();
  a.out = out.mutable_data_ptr();
  a.columns = a.out_stride = columns;
  a.row_bytes = weight.data.stride(0);
  a.rotation = weight.rotation;
  a.rotation_norm = 1.0F;
  for (i64 group = weight.rotation; group > 1; group /= 4) a.rotation_norm *= 0.5F;
  executor.run(launch_of(kernel, *element_of(out.scalar_type()), weight.row_count(), columns, a));
}

}  // namespace zimage::nn::kernels
