#include "weights/lora/scalars.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

namespace zimage {
namespace {

std::optional<at::ScalarType> type_of(const std::string& dtype) {
  constexpr std::pair<const char*, at::ScalarType> kTypes[] = {
      {"F32", at::kFloat},
      {"F16", at::kHalf},
      {"BF16", at::kBFloat16},
      {"F64", at::kDouble},
      {"I64", at::kLong},
      {"I32", at::kInt},
      {"I16", at::kShort},
      {"I8", at::kChar},
      {"U8", at::kByte},
      {"F8_E4M3", at::kFloat8_e4m3fn},
      {"F8_E5M2", at::kFloat8_e5m2},
  };
  for (const auto& [name, type] : kTypes) {
    if (dtype == name) return type;
  }
  return std::nullopt;
}

}  // namespace

std::map<std::string, double> read_scalars(const RawFile& file, std::string_view ending) {
  std::map<std::string, double> scalars;
  for (const auto& [name, tensor] : file.tensors) {
    const auto type = type_of(tensor.dtype);
    const auto bytes = tensor.range.bytes();
    if (!name.ends_with(ending) || !type || bytes.size() != c10::elementSize(*type)) continue;
    at::Tensor value = at::empty({}, at::TensorOptions(*type));
    std::memcpy(value.mutable_data_ptr(), bytes.data(), bytes.size());
    scalars.emplace(name, value.to(at::kDouble).item<double>());
  }
  return scalars;
}

}  // namespace zimage
